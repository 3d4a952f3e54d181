import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PACKAGE = 'mariadb-server-core';
const APT_MS_MAX = 120_000;

/**
 * Debian's MariaDB, with the libraries that this machine lacks, unpacked into a folder. It needs no
 * root and installs nothing. What an earlier call has unpacked is taken as it is.
 *
 * @returns the root of the unpacked tree
 * @throws where there is no apt, or no way to the packages
 */
export async function unpackServer(cacheDir: string): Promise<string> {
  const unpacked = resolve(cacheDir, 'root');
  if (await exists(unpacked)) return unpacked;

  // Made under another name: what a killed attempt leaves never looks like a whole one.
  const draft = resolve(cacheDir, `draft-${randomUUID()}`);
  await mkdir(join(draft, 'root'), { recursive: true });
  try {
    await download(draft);
    for (const name of await readdir(draft)) {
      if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', name, 'root'], { cwd: draft });
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

async function download(folder: string): Promise<void> {
  try {
    await downloadListed(folder, []);
  } catch {
    // This machine's lists are missing, or name versions that are gone. Lists of our own need no
    // root, and leave the machine's as they are.
    const lists = join(folder, 'lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${folder}`];
    await apt(folder, [...own, 'update']);
    await downloadListed(folder, own);
  }
}

async function downloadListed(folder: string, settings: readonly string[]): Promise<void> {
  const install = ['-s', 'install', '--no-install-recommends', PACKAGE];
  // Only simulated: apt says which packages this machine lacks, in one line each.
  const plan = await apt(folder, [...settings, ...install]);
  const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
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
