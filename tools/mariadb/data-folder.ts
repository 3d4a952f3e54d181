import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  access,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { type ServerFiles, systemTables } from './server-files.js';

export const SUPERUSER = 'root';
const PASSWORD = 'superuser-password';
const DRAFT = 'draft-';
const OUTPUT_TAIL_LINES = 12;

/**
 * A folder of ours with MariaDB's own folder inside it, so that a half-made one can be told from a
 * whole one.
 */
export interface DataFolder {
  readonly folder: string;
  /** What MariaDB calls its data directory. */
  readonly cluster: string;
  readonly log: string;
}

export async function locateDataFolder(requested: string): Promise<DataFolder> {
  await mkdir(resolve(requested), { recursive: true });
  // Without symbolic links, as the server reports it.
  const folder = await realpath(requested);
  return { folder, cluster: join(folder, 'cluster'), log: join(folder, 'server.log') };
}

/** Makes the system tables unless they are there. Safe to run twice, at once, and after a kill. */
export async function initialise(data: DataFolder, files: ServerFiles): Promise<void> {
  if (!(await holdsCluster(data))) await createCluster(data, files);

  // What killed attempts left. A rival that is still at work loses its draft here, fails, and finds
  // the cluster.
  const drafts = (await readdir(data.folder)).filter((name) => name.startsWith(DRAFT));
  for (const name of drafts) await discard(join(data.folder, name));
}

/** Under another name first: what a killed attempt leaves behind never looks like a whole one. */
async function createCluster(data: DataFolder, files: ServerFiles): Promise<void> {
  const draft = join(data.folder, `${DRAFT}${randomUUID()}`);
  const password = randomBytes(16).toString('hex');
  try {
    await mkdir(draft, { mode: 0o700 });
    await mkdir(temporaryFolder(draft), { mode: 0o700 });
    await bootstrap(draft, files, await systemSql(files.share, password));
    await writeFile(join(draft, PASSWORD), password, { mode: 0o600 });
    await rename(draft, data.cluster);
  } catch (error) {
    await discard(draft);
    if (!(await holdsCluster(data))) throw error;
  } finally {
    await discard(temporaryFolder(draft));
  }
}

const discard = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 3 });

const holdsCluster = (data: DataFolder): Promise<boolean> =>
  access(join(data.cluster, PASSWORD)).then(
    () => true,
    () => false,
  );

/**
 * What `mariadb-install-db` does, which the package without the client's programs cannot run. The
 * server that makes the tables takes one statement in a line.
 *
 * Of the users that come with the tables only the owner of the views stays: the others need no
 * password, and whoever reaches this server could read and write files as us.
 */
async function systemSql(share: string, password: string): Promise<string> {
  const files = await Promise.all((await systemTables(share)).map((f) => readFile(f, 'utf8')));
  return [
    'CREATE DATABASE mysql;',
    'USE mysql;',
    'SET @auth_root_socket = NULL;',
    ...files,
    "DELETE FROM global_priv WHERE User <> 'mariadb.sys';",
    'DELETE FROM proxies_priv;',
    'FLUSH PRIVILEGES;',
    `CREATE USER ${SUPERUSER}@'127.0.0.1' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO ${SUPERUSER}@'127.0.0.1' WITH GRANT OPTION;`,
    '',
  ].join('\n');
}

function bootstrap(cluster: string, files: ServerFiles, sql: string): Promise<void> {
  const settings = [...placeSettings(cluster, files), '--bootstrap', '--skip-log-bin'];
  return new Promise((done, fail) => {
    const server = spawn(files.program, ['--no-defaults', ...settings, '--log-warnings=0'], {
      cwd: cluster,
      env: files.environment,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let output = '';
    server.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    server.once('error', fail);
    server.once('close', (code) => {
      const tail = output.trim().split('\n').slice(-OUTPUT_TAIL_LINES).join('\n');
      if (code === 0) done();
      else fail(new Error(`MariaDB makes no system tables (${String(code)}):\n${tail}`));
    });
    // A server that ends early closes the pipe; its exit status tells the reason.
    server.stdin.on('error', () => undefined);
    server.stdin.end(sql);
  });
}

/**
 * Where everything is. A server that starts clears its folder for temporary tables, so no two may
 * share one. As root the server asks to be told that it shall stay root.
 */
export const placeSettings = (cluster: string, files: ServerFiles): readonly string[] => [
  `--datadir=${cluster}`,
  `--tmpdir=${temporaryFolder(cluster)}`,
  `--lc-messages-dir=${files.share}`,
  `--character-sets-dir=${join(files.share, 'charsets')}`,
  '--innodb-buffer-pool-size=32M',
  '--innodb-log-file-size=16M',
  '--performance-schema=OFF',
  ...(process.getuid?.() === 0 ? ['--user=root'] : []),
];

export const temporaryFolder = (cluster: string): string => `${cluster}.tmp`;

export const readPassword = async (data: DataFolder): Promise<string> =>
  (await readFile(join(data.cluster, PASSWORD), 'utf8')).trim();
