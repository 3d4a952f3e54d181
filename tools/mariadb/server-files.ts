import { execFile } from 'node:child_process';
import { access, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import {
  libraryFolders,
  PROGRAM_FOLDERS,
  type ServerSearch,
  unpackPackage,
} from '../machine/index.js';

const run = promisify(execFile);

/** A MariaDB server that runs on this machine. */
export interface ServerFiles {
  readonly program: string;
  /** Holds the messages, the character sets and the SQL of the system tables. */
  readonly share: string;
  readonly environment: NodeJS.ProcessEnv;
}

export const USUAL_SEARCH: ServerSearch = {
  folders: [
    ...PROGRAM_FOLDERS,
    ...['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/usr/local/mysql/bin'],
  ],
  cacheDir: '.cache/mariadb',
};

/**
 * The server of this machine, else Debian's package in a folder of ours.
 *
 * @throws when there is neither; the message says what was tried
 */
export async function findServerFiles({ folders, cacheDir }: ServerSearch): Promise<ServerFiles> {
  const programs = folders.flatMap((folder) => [join(folder, 'mariadbd'), join(folder, 'mysqld')]);
  for (const program of programs) {
    const found = await tryProgram(program, NO_LIBRARIES).catch(() => undefined);
    if (found) return found;
  }
  const root = await unpackPackage({ name: 'mariadb-server-core', cacheDir });
  return tryProgram(join(root, 'usr/sbin/mariadbd'), await libraryFolders(root));
}

const NO_LIBRARIES: readonly string[] = [];

/** Trying is the only check that covers missing libraries, `noexec` and MySQL's server alike. */
async function tryProgram(name: string, libraries: readonly string[]): Promise<ServerFiles> {
  const program = await realpath(name);
  // Nothing of ours: variables such as MYSQL_HOME would change what the server does.
  const environment = {
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(libraries.length > 0 && { LD_LIBRARY_PATH: libraries.join(delimiter) }),
  };
  const { stdout } = await run(program, ['--no-defaults', '--version'], { env: environment });
  if (!stdout.includes('MariaDB')) throw new Error(`${program} is no MariaDB: ${stdout.trim()}`);
  return { program, share: await findShare(dirname(dirname(program))), environment };
}

async function findShare(prefix: string): Promise<string> {
  for (const name of ['mariadb', 'mysql']) {
    const share = join(prefix, 'share', name);
    const isThere = await systemTables(share).then(
      () => true,
      () => false,
    );
    if (isThere) return share;
  }
  throw new Error(`There is no SQL of MariaDB's system tables in ${prefix}/share.`);
}

/** The files that make the system tables, in their order. Version 11 has renamed them. */
export async function systemTables(share: string): Promise<readonly string[]> {
  const parts = ['system_tables', 'performance_tables', 'system_tables_data'];
  for (const prefix of ['mariadb', 'mysql']) {
    const files = parts.map((part) => join(share, `${prefix}_${part}.sql`));
    try {
      await Promise.all(files.map((file) => access(file)));
      return files;
    } catch {
      continue;
    }
  }
  throw new Error(`There is no SQL of MariaDB's system tables in ${share}.`);
}
