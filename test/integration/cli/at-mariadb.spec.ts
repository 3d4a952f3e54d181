import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Pool, RowDataPacket } from 'mysql2/promise';

import type { TestMariadb } from '../../servers/test-mariadb.js';
import { createTestMariadb, describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { openAtMariadbWorld } from '../../support/at-mariadb-world.js';
import { cli, widestLine } from './at-cli.js';
import { park, untilRolledBack } from './parked-transaction.js';

const TABLES = [
  'CREATE TABLE account (id int PRIMARY KEY, owner varchar(20) UNIQUE, balance int)',
  'CREATE TABLE journal (line text)',
];

/** What the client mariadb sends for a script. */
function statementsOf(script: string): readonly string[] {
  const statements: string[] = [];
  let delimiter = ';';
  let rest = script.replace(/^--.*\n/gm, '');
  while (rest.trim() !== '') {
    const [line, word] = /^\s*DELIMITER (\S+)\n/.exec(rest) ?? [];
    if (line !== undefined && word !== undefined) {
      delimiter = word;
      rest = rest.slice(line.length);
      continue;
    }
    const end = rest.indexOf(delimiter);
    if (end < 0) throw new Error(`There is no end of ${rest}`);
    statements.push(rest.slice(0, end).trim());
    rest = rest.slice(end + delimiter.length);
  }
  return statements;
}

describeMariadb('nestjs-dtx at a MariaDB database', () => {
  let database: TestMariadb;
  let plain: Pool;
  let env: Readonly<Record<string, string>>;

  beforeEach(async () => {
    database = await createTestMariadb();
    plain = database.pool();
    for (const statement of TABLES) await plain.query(statement);
    env = { DATABASE_URL: database.url };
  });

  afterEach(() => database.drop());

  it('is set up, and found to be', async () => {
    const before = await cli(['at', 'status'], env);
    const { err, exitCode, out } = await cli(['at', 'install'], env);
    const after = await cli(['at', 'status', '--json'], env);

    expect(before).toMatchObject({ exitCode: 1, err: '' });
    expect(before.out).toMatch(/^mysql:\/\/[^@]*: 2 missing\n/);
    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(out).toMatch(/ is set up: 1 table captured\.\n {2}account\n\n! Writes are refused/);
    expect(widestLine(out)).toBeLessThanOrEqual(100);
    expect(JSON.parse(after.out)).toMatchObject({
      isCurrent: true,
      tables: [
        { table: 'account', state: 'captured' },
        { table: 'journal', state: 'refused' },
      ],
    });
  });

  it('is set up by the SQL that is printed for the client mariadb', async () => {
    const { out } = await cli(['at', 'print'], env);
    const connection = await plain.getConnection();
    for (const statement of statementsOf(out)) await connection.query(statement);
    connection.release();

    expect(await cli(['at', 'status'], env)).toMatchObject({ exitCode: 0, err: '' });
    expect((await cli(['at', 'print'], env)).out).toContain('-- Nothing is missing.');
  });

  it('is found stale after ALTER TABLE, with the command', async () => {
    await cli(['at', 'install'], env);
    await plain.query('ALTER TABLE account ADD COLUMN note text');

    const { exitCode, out } = await cli(['at', 'status'], env);

    expect(exitCode).toBe(1);
    expect(out).toContain(': 1 stale, 1 refused\n');
    expect(out).toContain('  npx nestjs-dtx at install\n');
  });

  it('is rid of everything of ours', async () => {
    await cli(['at', 'install'], env);

    const { exitCode, out } = await cli(['at', 'uninstall'], env);

    expect(exitCode).toBe(0);
    expect(out).toContain('Nothing of ours is left');
    const [tables] = await plain.query<RowDataPacket[]>("SHOW TABLES LIKE 'dtx%'");
    const [triggers] = await plain.query<RowDataPacket[]>('SHOW TRIGGERS');
    expect([...tables, ...triggers]).toEqual([]);
  });

  it.each([['locks'], ['undo', 'show', 'x'], ['undo', 'keep-current', 'x', '--yes']])(
    'is named by %s %s where nothing is installed',
    async (...args) => {
      const { err, exitCode } = await cli(args, env);

      expect(exitCode).toBe(1);
      expect(err).toMatch(/has no tables dtx_\*\. To set it up: npx nestjs-dtx at install/);
    },
  );

  it('is refused with another database beside it', async () => {
    const { err, exitCode } = await cli(['at', 'install', '--schema', 'nowhere'], env);

    expect(exitCode).toBe(1);
    expect(err).toContain('`nowhere`');
  });
});

describe('nestjs-dtx at a MariaDB database that cannot be reached', () => {
  it.each(['mysql', 'mariadb'])('says so, without the password (%s)', async (scheme) => {
    const url = `${scheme}://me:s3cr3t@127.0.0.1:1/db`;

    const { err, exitCode, out } = await cli(['at', 'status', '--database', url]);

    expect(exitCode).toBe(1);
    expect(err).toMatch(/^mysql:\/\/127\.0\.0\.1:1\/db cannot be reached: .*Check that its server/);
    expect(out + err).not.toContain('s3cr3t');
  });

  it('asks for the name of the database', async () => {
    const { err, exitCode } = await cli(['locks', '--database', 'mysql://me:s3cr3t@h']);

    expect(exitCode).toBe(2);
    expect(err).toContain('Name the database behind the host');
    expect(err).not.toContain('s3cr3t');
  });
});

describeMariadb('A rollback on MariaDB that leaves a row to a person', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dtx-undo-'));
  let stores = 0;
  let world: AtMariadbWorld;
  let env: Readonly<Record<string, string>>;
  let xid: string;

  beforeEach(async () => {
    const store = join(folder, `${String((stores += 1))}.db`);
    world = await openAtMariadbWorld(undefined, { store });
    env = { DATABASE_URL: world.database.url, DTX_STORE_URL: store };
    xid = await park(world.client, async () => {
      await world.pool.query('UPDATE account SET balance = balance - 30, owner = upper(owner)');
      await world.plain.query('UPDATE account SET balance = 7 WHERE id = 2');
    });
  });

  afterEach(() => world.close());
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is shown as what the row was, what it became, and what it is', async () => {
    const { err, exitCode, out } = await cli(['undo', 'show', xid], env);

    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(out).toContain(
      [
        `Transaction ${xid}: 1 undo row`,
        `  in mysql://${new URL(world.database.url).host}/${world.database.name}`,
        '  rolling-back, needs attention',
        '',
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
  ])('ends by %s and retry, with nothing left', async (order, row) => {
    const preview = await cli(['undo', order, xid], env);
    const ordered = await cli(['undo', order, xid, '--yes'], env);
    const retried = await cli(['undo', 'retry', xid], env);
    await untilRolledBack(world.client, xid);

    expect(preview).toMatchObject({ exitCode: 1, err: expect.stringContaining('--yes') });
    expect(ordered).toMatchObject({ exitCode: 0, err: '' });
    expect(retried).toMatchObject({ exitCode: 0, err: '' });
    const [ann, bob] = await world.rows('SELECT * FROM account ORDER BY id');
    expect([ann, bob]).toEqual([{ id: 1, owner: 'ann', balance: 100 }, row]);
    expect((await cli(['locks'], env)).out).toContain('(0)');
  });

  it('keeps the database from being rid of us, and says what to do', async () => {
    const { err, exitCode } = await cli(['at', 'uninstall'], env);

    expect(exitCode).toBe(1);
    expect(err).toContain('"npx nestjs-dtx locks" lists them');
  });

  it('is listed among the locks, with its holder', async () => {
    const { out } = await cli(['locks', '--table', 'account'], env);

    expect(out).toMatch(
      new RegExp(
        `^Locks in .* \\(1\\)\n\n${xid}\n  since 20.* UTC \\(.*\\); left by a rollback; ` +
          `rolling-back, needs attention\n    account  2\n$`,
      ),
    );
  });
});
