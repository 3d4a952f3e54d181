import { chmod, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { canEnter, type ServerUser } from './server-user.js';

/**
 * Folders outside the checkout, best first, that the server's user can enter. Each exists and
 * belongs to us.
 *
 * More than one, since a machine may forbid to run programs from the first (`noexec`).
 */
export async function sharedFolders(user: ServerUser | undefined): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    const folder = join(parent, `nestjs-dtx-${String(process.getuid?.() ?? 'user')}`);
    if ((await canEnter(parent, user)) && (await isOurs(folder))) folders.push(folder);
  }
  if (folders.length > 0) return folders;
  throw new Error(
    'PostgreSQL needs a folder that its user can enter, and neither the checkout nor the folder ' +
      `for temporary files (${tmpdir()}) is one. Set TMPDIR to a folder that everybody can enter.`,
  );
}

/**
 * The parent is writable for everybody, so anybody may have put a folder of this name there. One
 * that is not ours could hand us their programs to run.
 */
async function isOurs(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    const found = await lstat(folder);
    if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) return false;
    // The umask may have been stricter than the server's user can bear.
    await chmod(folder, 0o755);
    return true;
  } catch {
    return false;
  }
}
