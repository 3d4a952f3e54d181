import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createConnection, type RowDataPacket } from 'mysql2/promise';

import {
  type MariadbOptions,
  removeMariadb,
  type RunningMariadb,
  startMariadb,
} from '../../../tools/mariadb/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';

describeMariadb('MariaDB of this machine or from Debian', () => {
  let parent: string;
  let dataDir: string;

  const start = async (options: Partial<MariadbOptions> = {}): Promise<RunningMariadb> => {
    const server = await startMariadb({ dataDir, durable: false, required: true, ...options });
    return server!;
  };

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'dtx-mariadb-'));
    dataDir = join(parent, 'data');
  });

  afterEach(async () => {
    await removeMariadb(dataDir);
    await rm(parent, { recursive: true, force: true });
  });

  it('starts a server that is durable, local, and small', async () => {
    const server = await start({ durable: true });

    expect(server).toMatchObject({ adopted: false, version: expect.stringContaining('MariaDB') });
    expect(await rows(server.url(), SETTINGS)).toEqual([
      {
        bind_address: '127.0.0.1',
        character_set_server: 'utf8mb4',
        datadir: `${join(dataDir, 'cluster')}/`,
        tmpdir: join(dataDir, 'cluster.tmp'),
        flush: 1,
        doublewrite: 1,
        buffer_pool: 32 * 1024 * 1024,
        log_bin: 0,
        secure_file_priv: `${dataDir}/`,
        socket: '',
        time_zone: '+00:00',
      },
    ]);
  });

  it('gives up durability, and may be told more', async () => {
    const server = await start({ settings: ['--innodb-lock-wait-timeout=7'] });

    expect(
      await rows(
        server.url(),
        `SELECT @@innodb_flush_log_at_trx_commit AS flush, @@innodb_doublewrite AS doublewrite,
           @@innodb_lock_wait_timeout AS wait`,
      ),
    ).toEqual([{ flush: 0, doublewrite: 0, wait: 7 }]);
  });

  it('takes nobody in without the password', async () => {
    const server = await start();
    const url = new URL(server.url());
    url.password = '';

    await expect(rows(url.href, 'SELECT 1')).rejects.toMatchObject({
      code: 'ER_ACCESS_DENIED_ERROR',
    });
    expect(
      await rows(server.url(), "SELECT User, Host FROM mysql.user WHERE User <> 'mariadb.sys'"),
    ).toEqual([{ User: 'root', Host: '127.0.0.1' }]);
  });

  it('adopts the server that runs on the same data', async () => {
    const first = await start();
    const second = await start();

    expect(second).toMatchObject({ adopted: true, pid: first.pid, port: first.port });
  });

  it('gives two callers at the same moment one server', async () => {
    const [first, second] = await Promise.all([start(), start()]);

    expect(second.pid).toBe(first.pid);
    expect(await readdir(dataDir)).toEqual([
      'cluster',
      'cluster.tmp',
      `server-${first.port}.pid`,
      'server.log',
    ]);
  });

  it('stops, and starts again on the same data', async () => {
    const first = await start();
    await rows(first.url(), 'CREATE DATABASE shop');
    await rows(first.url('shop'), 'CREATE TABLE kept AS SELECT 7 AS n');
    await first.stop();
    await first.stop();
    await expect(rows(first.url(), 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    const second = await start();
    expect(await rows(second.url('shop'), 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  });

  it('replaces a server that was killed, and keeps what it had committed', async () => {
    const first = await start({ durable: true });
    await rows(first.url(), 'CREATE DATABASE shop');
    await rows(first.url('shop'), 'CREATE TABLE kept AS SELECT 7 AS n');
    process.kill(first.pid, 'SIGKILL');

    const second = await start({ durable: true });
    expect(second.adopted).toBe(false);
    expect(await rows(second.url('shop'), 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  });

  it('wipes what a killed initialisation left, and initialises again', async () => {
    await mkdir(join(dataDir, 'draft-of-a-killed-run', 'mysql'), { recursive: true });

    const server = await start();
    expect(await rows(server.url(), 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    expect(await readdir(dataDir)).not.toContain('draft-of-a-killed-run');
  });

  it('takes no other process for its server when the pid was used again', async () => {
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(other, 'spawn');
    try {
      await mkdir(dataDir);
      await writeFile(join(dataDir, 'server-1.pid'), String(other.pid));

      const server = await start();
      expect(server.adopted).toBe(false);
      await server.stop();
      expect(other.exitCode ?? other.signalCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('stops the server and leaves nothing when it is removed', async () => {
    const server = await start();

    await server.remove();
    await expect(stat(dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(rows(server.url(), 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('says what the server said when it does not start', async () => {
    await expect(start({ settings: ['--no-such-option'] })).rejects.toThrow(
      "unknown option '--no-such-option'",
    );
    expect(await readdir(dataDir)).toEqual(['cluster', 'cluster.tmp']);
  });
});

describe('A machine without MariaDB', () => {
  let parent: string;
  let search: { readonly folders: readonly string[]; readonly cacheDir: string };
  const path = process.env['PATH'];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'dtx-mariadb-'));
    search = { folders: [parent], cacheDir: join(parent, 'cache') };
    // Without apt there is no way to a package either.
    process.env['PATH'] = parent;
  });

  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(parent, { recursive: true, force: true });
  });

  it('goes on without a server, and says so aloud', async () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const server = await startMariadb({ dataDir: parent, required: false, search });
    const said = write.mock.calls.join('');
    write.mockRestore();

    expect(server).toBeUndefined();
    expect(said).toContain('MariaDB is missing: install mariadb-server.');
    expect(said).toContain('What needs it is SKIPPED.');
  });

  it('is an error where MariaDB is required', async () => {
    await expect(startMariadb({ dataDir: parent, required: true, search })).rejects.toThrow(
      'MariaDB is missing: install mariadb-server.',
    );
  });

  it("does not take MySQL's server for MariaDB", async () => {
    const folders = [join(parent, 'bin')];
    const share = join(parent, 'share', 'mysql');
    for (const folder of [...folders, share]) await mkdir(folder, { recursive: true });
    for (const part of ['system_tables', 'performance_tables', 'system_tables_data']) {
      await writeFile(join(share, `mysql_${part}.sql`), '');
    }
    const program = '#!/bin/sh\necho "mysqld  Ver 8.0.40 for Linux"\n';
    await writeFile(join(parent, 'bin', 'mysqld'), program, { mode: 0o755 });

    await expect(
      startMariadb({ dataDir: parent, required: true, search: { ...search, folders } }),
    ).rejects.toThrow('MariaDB is missing');
  });
});

const SETTINGS = `
SELECT @@bind_address AS bind_address, @@character_set_server AS character_set_server,
  @@datadir AS datadir, @@tmpdir AS tmpdir, @@innodb_flush_log_at_trx_commit AS flush,
  @@innodb_doublewrite AS doublewrite, @@innodb_buffer_pool_size AS buffer_pool,
  @@log_bin AS log_bin, @@secure_file_priv AS secure_file_priv, @@socket AS socket,
  @@time_zone AS time_zone`;

async function rows(url: string, sql: string): Promise<readonly unknown[]> {
  const connection = await createConnection(url);
  connection.on('error', () => undefined);
  try {
    const [found] = await connection.query<RowDataPacket[]>(sql);
    return found;
  } finally {
    await connection.end();
  }
}
