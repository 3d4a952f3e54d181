import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const APT_MS_MAX = 120_000;

/** What to unpack, and where. */
export interface DebianPackage {
  readonly name: string;
  readonly cacheDir: string;
}

/**
 * A package of Debian's, with the libraries that this machine lacks, unpacked into a folder. It
 * needs no root and installs nothing. What an earlier call has unpacked is taken as it is.
 *
 * @returns the root of the unpacked tree
 * @throws where there is no apt, or no way to the packages
 */
export async function unpackPackage({ name, cacheDir }: DebianPackage): Promise<string> {
  const unpacked = resolve(cacheDir, 'root');
  if (await exists(unpacked)) return unpacked;

  // Made under another name: what a killed attempt leaves never looks like a whole one.
  const draft = resolve(cacheDir, `draft-${randomUUID()}`);
  await mkdir(join(draft, 'root'), { recursive: true });
  try {
    await download(name, draft);
    for (const file of await readdir(draft)) {
      if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', file, 'root'], { cwd: draft });
    }
    await rename(join(draft, 'root'), unpacked);
  } catch (error) {
    // Another process was faster, and one tree is as good as the other.
    if (!(await exists(unpacked))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return unpacked;
}

async function download(name: string, folder: string): Promise<void> {
  try {
    await downloadListed(name, folder, []);
  } catch {
    // This machine's lists are missing, or name versions that are gone. Lists of our own need no
    // root, and leave the machine's as they are.
    const lists = join(folder, 'lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${folder}`];
    await apt(folder, [...own, 'update']);
    await downloadListed(name, folder, own);
  }
}

async function downloadListed(
  name: string,
  folder: string,
  settings: readonly string[],
): Promise<void> {
  const install = ['-s', 'install', '--no-install-recommends', name];
  // Only simulated: apt says which packages this machine lacks, in one line each.
  const plan = await apt(folder, [...settings, ...install]);
  const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, lacking = '']) => lacking);
  await apt(folder, [...settings, 'download', ...names]);
}

async function apt(folder: string, args: readonly string[]): Promise<string> {
  const options = { cwd: folder, timeout: APT_MS_MAX, env: { ...process.env, LC_ALL: 'C' } };
  return (await run('apt-get', ['-q', ...args], options)).stdout;
}

/** Where the unpacked libraries are; the folder is named after the processor. */
export async function libraryFolders(root: string): Promise<readonly string[]> {
  const parents = [join(root, 'usr/lib'), join(root, 'lib')];
  const found = await Promise.all(
    parents.map(async (parent) => {
      const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
      const folders = entries.filter((entry) => entry.isDirectory());
      return folders.map((entry) => join(parent, entry.name));
    }),
  );
  return found.flat();
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
