import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** Where systems put the programs of one major version. */
const FOLDERS: readonly ((major: number) => string)[] = [
  (major) => `/usr/lib/postgresql/${String(major)}/bin`,
  (major) => `/usr/pgsql-${String(major)}/bin`,
  (major) => `/opt/homebrew/opt/postgresql@${String(major)}/bin`,
  (major) => `/usr/local/opt/postgresql@${String(major)}/bin`,
];

/**
 * The programs of a PostgreSQL that this machine has installed beside the one from npm.
 *
 * @returns the folder with `initdb` and `postgres`
 * @throws when there is none; the message says where it was looked for
 */
export async function findInstalledPrograms(major: number): Promise<string> {
  const folders = FOLDERS.map((folder) => folder(major));
  for (const folder of folders) {
    if (await hasServer(folder)) return folder;
  }
  throw new Error(`no server in ${folders.join(', ')}`);
}

const hasServer = (folder: string): Promise<boolean> =>
  Promise.all(['initdb', 'postgres'].map((program) => access(join(folder, program)))).then(
    () => true,
    () => false,
  );
