import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from '../../../lib/cli/run.js';
import { openPostgresStore } from '../../../lib/coordinator/store/postgres/index.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { createTestDatabase } from '../../servers/test-database.js';
import { createTestMariadb, describeMariadb } from '../../servers/test-mariadb.js';

async function migrate(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let out = '';
  let err = '';
  const exitCode = await run(['migrate', ...args], {
    packageRoot: '.',
    out: (text) => (out += text),
    err: (text) => (err += text),
    env,
    now: () => 0,
    untilStopped: () => Promise.resolve('SIGTERM'),
  });
  return { exitCode, out, err };
}

describe('nestjs-dtx migrate', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  /** A store that creates nothing by itself finds its tables. */
  async function expectTables(): Promise<void> {
    const store = await openPostgresStore({ url: database.url, migrate: false });
    await store.close();
  }

  it('creates the tables, and has nothing to do the second time', async () => {
    const first = await migrate(['--url', database.url]);
    const second = await migrate(['--url', database.url]);

    expect(first).toMatchObject({ exitCode: 0, err: '' });
    expect(first.out).toContain(`${database.name} was brought up to date: schema version 2.`);
    expect(second).toMatchObject({ exitCode: 0, err: '' });
    expect(second.out).toContain(`${database.name} is up to date: schema version 2.`);
    await expectTables();
  });

  it('takes the URL from the environment', async () => {
    expect(await migrate([], { DTX_STORE_URL: database.url })).toMatchObject({ exitCode: 0 });
    await expectTables();
  });

  it('fills variables of the environment into the URL', async () => {
    const url = database.url.replace(database.name, '${DATABASE}');

    const { exitCode } = await migrate(['--url', url], { DATABASE: database.name });

    expect(exitCode).toBe(0);
    await expectTables();
  });

  it('prints what is missing, and runs nothing', async () => {
    const before = await migrate(['--print', '--url', database.url]);
    await database.pool().query(before.out);
    const after = await migrate(['--print', '--url', database.url]);

    expect(before.out).toMatch(/^-- nestjs-dtx coordinator, PostgreSQL: version 1\nBEGIN;\n/);
    expect(after).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('nothing is missing'),
    });
    await expectTables();
  });

  it('may run on two machines at the same time', async () => {
    const runs = await Promise.all(
      Array.from({ length: 4 }, () => migrate(['--url', database.url])),
    );

    expect(runs.map(({ err, exitCode }) => ({ err, exitCode }))).toEqual(
      runs.map(() => ({ err: '', exitCode: 0 })),
    );
    expect(runs.filter(({ out }) => out.includes('was brought'))).toHaveLength(1);
  });

  it('refuses what a newer version has set up', async () => {
    await migrate(['--url', database.url]);
    await database.pool().query("UPDATE dtx_coordinator.meta SET value = '99'");

    const { err, exitCode } = await migrate(['--url', database.url]);

    expect(exitCode).toBe(1);
    expect(err).toContain('DTX_ERR_SCHEMA_TOO_NEW');
  });
});

describe('nestjs-dtx migrate, before it reaches a database', () => {
  it.each([
    ['postgres', 'CREATE TABLE dtx_coordinator.session'],
    ['mysql', 'dtx_coordinator_session'],
    ['sqlite', 'CREATE TABLE session'],
  ])('prints all of it for %s without a database', async (engine, text) => {
    const { exitCode, out } = await migrate(['--print', '--engine', engine]);

    expect(exitCode).toBe(0);
    expect(out).toContain(text);
  });

  it('says which variable is missing', async () => {
    const { err, exitCode } = await migrate(['--url', 'postgres://u:${NO_SUCH}@127.0.0.1/db']);

    expect(exitCode).toBe(1);
    expect(err).toContain('NO_SUCH');
  });

  it.each([
    ['a server that is not there', 'postgres://me:s3cr3t%2Fword@127.0.0.1:1/db'],
    ['a stray @', 'postgres://me:p@s3cr3t/word@nowhere.invalid/db'],
    ['a URL that is none', 'postgres://me:s3cr3t/word@[/db'],
  ])('never prints a password (%s)', async (_what, url) => {
    const { err, exitCode, out } = await migrate(['--url', url]);

    expect(exitCode).toBe(1);
    expect(err).not.toBe('');
    expect(out + err).not.toContain('s3cr3t');
  });

  it.each([
    [['--url', 'postgres://h/db', '--data-source', 'x.js'], 'not both'],
    [['--engine', 'postgres'], '--engine goes with --print'],
    [['--print', '--engine', 'oracle'], 'postgres, mysql or sqlite'],
    [['--url', 'redis://h'], 'begins with postgres://'],
    [['now'], 'What is "now"?'],
    [[], 'Name the database'],
  ])('ends with status 2 after %j', async (args, message) => {
    const { err, exitCode } = await migrate(args);

    expect(exitCode).toBe(2);
    expect(err).toContain(message);
  });
});

describeMariadb('nestjs-dtx migrate, on MariaDB', () => {
  it('creates the tables, and what it prints does the same', async () => {
    const [one, other] = [await createTestMariadb(), await createTestMariadb()];
    const ran = await migrate(['--url', one.url]);
    const printed = await migrate(['--print', '--url', other.url]);
    await other.pool({ multipleStatements: true }).query(printed.out);

    expect(ran).toMatchObject({ exitCode: 0, err: '' });
    for (const { url } of [one, other]) {
      expect((await migrate(['--url', url])).out).toContain('is up to date: schema version 2.');
    }
    await one.drop();
    await other.drop();
  });
});

describe('nestjs-dtx migrate --data-source', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dtx-migrate-'));
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  function moduleOf(name: string, text: (source: string) => string): string {
    const typeorm = require.resolve('typeorm');
    const options = JSON.stringify({ type: 'postgres', url: database.url });
    const file = join(folder, name);
    writeFileSync(
      file,
      `const { DataSource } = require(${JSON.stringify(typeorm)});\n` +
        text(`new DataSource(${options})`),
    );
    return file;
  }

  it('takes a default export', async () => {
    const file = moduleOf('default.cjs', (source) => `exports.default = ${source};`);

    const { err, exitCode, out } = await migrate(['--data-source', file]);

    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(out).toContain('schema version 2');
  });

  it('takes a named export, and a promise of one', async () => {
    const file = moduleOf(
      'named.cjs',
      (source) => `exports.other = 7; exports.AppDataSource = Promise.resolve(${source});`,
    );

    expect(await migrate(['--data-source', file, '--print'])).toMatchObject({ exitCode: 0 });
  });

  it('says why it found none', async () => {
    const none = moduleOf('none.cjs', () => 'exports.options = {};');
    const two = moduleOf('two.cjs', (source) => `exports.a = ${source}; exports.b = ${source};`);

    expect(await migrate(['--data-source', none])).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('exports no DataSource'),
    });
    expect(await migrate(['--data-source', two])).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('more than one'),
    });
  });
});
