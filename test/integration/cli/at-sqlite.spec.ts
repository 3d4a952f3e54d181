import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';

import type { SqliteWorld } from '../../support/sqlite-world.js';
import { openSqliteWorld } from '../../support/sqlite-world.js';
import { cli, widestLine } from './at-cli.js';
import { park, untilRolledBack } from './parked-transaction.js';

describe('nestjs-dtx at an SQLite file', () => {
  let folder: string;
  let file: string;
  let database: Database.Database;
  let env: Readonly<Record<string, string>>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dtx-at-sqlite-'));
    file = join(folder, 'shop.db');
    database = new Database(file);
    database.exec('CREATE TABLE account (id INTEGER PRIMARY KEY, balance INT)');
    env = { DATABASE_URL: `sqlite:${file}` };
  });

  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  const ownTables = (): readonly unknown[] =>
    database.prepare("SELECT name FROM sqlite_master WHERE name LIKE 'dtx%'").all();

  it('is set up with our tables alone, and says where the triggers are', async () => {
    const before = await cli(['at', 'status'], env);
    const { err, exitCode, out } = await cli(['at', 'install'], env);
    const after = await cli(['at', 'status'], env);

    expect(before).toMatchObject({ exitCode: 1, err: '' });
    expect(before.out).toContain(`sqlite:${file}: 1 missing\n`);
    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(out).toContain(' is set up: 1 table captured.\n  account\n');
    expect(after).toMatchObject({ exitCode: 0, err: '' });
    expect(after.out).toContain('each connection of the application makes its own');
    expect(widestLine(after.out)).toBeLessThanOrEqual(100);
    expect(database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'trigger'").all()).toEqual(
      [],
    );
  });

  it('is set up by the SQL that is printed for sqlite3', async () => {
    const { out } = await cli(['at', 'print'], env);
    database.exec(out.replace(/^\..*$/gm, ''));

    expect(await cli(['at', 'status'], env)).toMatchObject({ exitCode: 0, err: '' });
    expect((await cli(['at', 'print'], env)).out).toContain('-- Nothing is missing.');
  });

  it('is rid of everything of ours', async () => {
    await cli(['at', 'install'], env);

    const { exitCode } = await cli(['at', 'uninstall'], env);

    expect(exitCode).toBe(0);
    expect(ownTables()).toEqual([]);
  });

  it.each([['locks'], ['undo', 'show', 'x'], ['undo', 'keep-current', 'x', '--yes']])(
    'is named by %s %s where nothing is installed',
    async (...args) => {
      const { err, exitCode } = await cli(args, env);

      expect(exitCode).toBe(1);
      expect(err).toContain('has no tables dtx_*. To set it up: npx nestjs-dtx at install');
    },
  );

  it('is not made when it is not there', async () => {
    const missing = join(folder, 'missing.db');

    const { err, exitCode } = await cli(['at', 'install', '--database', `sqlite:${missing}`]);

    expect(exitCode).toBe(1);
    expect(err).toMatch(/^sqlite:.*missing\.db cannot be reached: unable to open .*Check that it/);
    expect(existsSync(missing)).toBe(false);
  });

  it.each([
    [['--schema', 'public'], 'An SQLite file has no schemas'],
    [['--guard'], 'the option guard of its data source alone'],
  ])('is refused with %j', async (args, message) => {
    const { err, exitCode } = await cli(['at', 'status', ...args], env);

    expect(exitCode).toBe(1);
    expect(err).toContain(message);
  });

  it('asks for a path that everybody reads alike', async () => {
    const { err, exitCode } = await cli(['locks', '--database', 'sqlite:///shop.db']);

    expect(exitCode).toBe(2);
    expect(err).toContain('Write the path behind sqlite:');
  });
});

describe('A rollback on SQLite that leaves a row to a person', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dtx-undo-'));
  let stores = 0;
  let world: SqliteWorld;
  let env: Readonly<Record<string, string>>;
  let xid: string;

  beforeEach(async () => {
    const store = join(folder, `${String((stores += 1))}.db`);
    world = await openSqliteWorld({ store });
    env = { DATABASE_URL: `sqlite:${world.file}`, DTX_STORE_URL: store };
    xid = await park(world.client, async () => {
      await world.source.query('UPDATE account SET balance = balance - 30, owner = upper(owner)');
      world.outside.exec('UPDATE account SET balance = 7 WHERE id = 2');
    });
  });

  afterEach(() => world.close());
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is shown as what the row was, what it became, and what it is', async () => {
    const { err, exitCode, out } = await cli(['undo', 'show', xid, '--table', 'account'], env);

    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(out).toContain(
      [
        'account  2',
        '    somebody outside of the transaction has changed it since',
        '    COLUMN   BEFORE  AFTER  NOW',
        ' *  owner    bob     BOB    BOB',
        ' *! balance  100     70     7',
        '    1 more column is the same',
      ].join('\n'),
    );
    expect(out).toContain(`npx nestjs-dtx undo force-before ${xid}\n`);
  });

  it.each([
    ['keep-current', { id: 2, owner: 'BOB', balance: 7 }],
    ['force-before', { id: 2, owner: 'bob', balance: 100 }],
  ])('ends by %s and retry, with nothing left, beside the application', async (order, row) => {
    const preview = await cli(['undo', order, xid], env);
    const ordered = await cli(['undo', order, xid, '--yes'], env);
    const retried = await cli(['undo', 'retry', xid], env);
    await untilRolledBack(world.client, xid);

    expect(preview).toMatchObject({ exitCode: 1, err: expect.stringContaining('--yes') });
    expect(ordered).toMatchObject({ exitCode: 0, err: '' });
    expect(retried).toMatchObject({ exitCode: 0, err: '' });
    expect(world.rows('SELECT * FROM account ORDER BY id')).toEqual([
      { id: 1, owner: 'ann', balance: 100 },
      row,
    ]);
    expect((await cli(['locks'], env)).out).toContain('(0)');
  });

  it('is listed among the locks, with its holder', async () => {
    const { out } = await cli(['locks', '--table', 'account', '--key', '2'], env);

    expect(out).toMatch(
      new RegExp(
        `^Locks in .* \\(1\\)\n\n${xid}\n  since 20.* UTC \\(.*\\); left by a rollback; ` +
          `rolling-back, needs attention\n    account  2\n$`,
      ),
    );
  });
});
