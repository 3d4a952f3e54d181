import { execFile } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import {
  libraryFolders,
  PROGRAM_FOLDERS,
  type ServerSearch,
  unpackPackage,
} from '../machine/index.js';

const run = promisify(execFile);

/** A Redis server that runs on this machine. */
export interface ServerFiles {
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
}

export const USUAL_SEARCH: ServerSearch = {
  folders: [...PROGRAM_FOLDERS, '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'],
  cacheDir: '.cache/redis',
};

/** Valkey is what some systems have instead; it speaks the same. */
const PROGRAMS = ['redis-server', 'valkey-server'];

/**
 * The server of this machine, else Debian's package in a folder of ours.
 *
 * @throws when there is neither; the message says what was tried
 */
export async function findServerFiles({ folders, cacheDir }: ServerSearch): Promise<ServerFiles> {
  const programs = folders.flatMap((folder) => PROGRAMS.map((name) => join(folder, name)));
  for (const program of programs) {
    const found = await tryProgram(program, NO_LIBRARIES).catch(() => undefined);
    if (found) return found;
  }
  const root = await unpackPackage({ name: 'redis-server', cacheDir });
  return tryProgram(join(root, 'usr/bin/redis-server'), await libraryFolders(root));
}

const NO_LIBRARIES: readonly string[] = [];

/** Trying is the only check that covers missing libraries and `noexec` alike. */
async function tryProgram(name: string, libraries: readonly string[]): Promise<ServerFiles> {
  // Symbolic links stay: Debian's server is one, and what it does depends on the name it is called.
  const program = resolve(name);
  const environment = {
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(libraries.length > 0 && { LD_LIBRARY_PATH: libraries.join(delimiter) }),
  };
  const { stdout } = await run(program, ['--version'], { env: environment });
  if (!stdout.includes('server v=')) throw new Error(`${program} is no Redis: ${stdout.trim()}`);
  return { program, environment };
}
