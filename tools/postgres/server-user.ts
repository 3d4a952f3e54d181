import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** The system user that the server runs as. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root; every Debian has at least the second of these. */
const UNPRIVILEGED = ['postgres', 'nobody'];

/** @returns who runs the server when we are root; `undefined` when we run it as ourselves */
export async function findServerUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((row) => row.split(':'));
  for (const name of UNPRIVILEGED) {
    const account = accounts.find(([accountName]) => accountName === name);
    if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new Error(
    'PostgreSQL does not run as root, and this machine has none of the users ' +
      `${UNPRIVILEGED.join(', ')}. Run the command as another user.`,
  );
}

/** @returns whether the user may enter the folder, or the nearest parent that exists */
export async function canEnter(folder: string, user: ServerUser | undefined): Promise<boolean> {
  if (!user) return true;
  for (let path = await nearestExisting(folder); ; path = dirname(path)) {
    if (!(await mayPass(path, user))) return false;
    if (path === dirname(path)) return true;
  }
}

async function nearestExisting(folder: string): Promise<string> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    try {
      // Symbolic links are followed first: what counts is the way to the real folder.
      return await realpath(path);
    } catch (error) {
      if (path === dirname(path)) throw error;
    }
  }
}

async function mayPass(folder: string, user: ServerUser): Promise<boolean> {
  const { mode, uid, gid } = await stat(folder);
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
