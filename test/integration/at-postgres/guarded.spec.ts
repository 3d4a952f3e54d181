import { createPostgresEngine } from '../../../lib/resource/at/postgres/index.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, failureOf, newTag, sourceOf } from './at-database.js';
import { beginGuarded, conflictIn, guardedConflictOf } from './holes.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, owner text UNIQUE, balance int);
  CREATE TABLE purchase (id int PRIMARY KEY, account int REFERENCES account);
`;

const RESET = `
  DELETE FROM purchase; DELETE FROM account;
  INSERT INTO account VALUES (1, 'ada', 100), (2, 'ben', 200), (3, 'eve', 300);
  INSERT INTO purchase VALUES (1, 1);
`;

/** What one transaction has done, and what nobody else may do meanwhile. */
const HELD: readonly (readonly [string, string, string, string])[] = [
  [
    'a row that was changed',
    'UPDATE account SET balance = 0 WHERE id = 2',
    'UPDATE account SET balance = 1',
    'public.account 2',
  ],
  [
    'a row that was inserted',
    "INSERT INTO account VALUES (4, 'dot', 4)",
    'DELETE FROM account WHERE id = 4',
    'public.account 4',
  ],
  [
    'the key of a row that was deleted',
    'DELETE FROM account WHERE id = 2',
    "INSERT INTO account VALUES (2, 'x', 1)",
    'public.account 2',
  ],
  [
    'a key that a row has left',
    'UPDATE account SET id = 9 WHERE id = 2',
    'UPDATE account SET id = 2 WHERE id = 3',
    'public.account 2',
  ],
  [
    'a unique value',
    'DELETE FROM account WHERE id = 2',
    "INSERT INTO account VALUES (9, 'ben', 1)",
    'public.account (account_owner_key) ben',
  ],
  [
    'a parent that may have to go again',
    "INSERT INTO account VALUES (4, 'dot', 4)",
    'INSERT INTO purchase VALUES (4, 4)',
    'public.account 4',
  ],
  [
    'a parent of a child that may have to come back',
    'DELETE FROM purchase',
    'DELETE FROM account WHERE id = 1',
    'public.purchase (purchase_account_fkey) 1 < 1',
  ],
];

describe('Work under the global lock alone', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  it.each(HELD)('is refused %s, with its holder', async (_what, first, second, held) => {
    const holder = newTag();
    await database.branch(holder, first);

    const conflict = await guardedConflictOf(database, second);

    expect(`${conflict?.table ?? ''} ${conflict?.key ?? ''}`).toBe(held);
    expect(conflict?.holderXid).toBe(holder.xid);
  });

  it('records nothing and writes no fence', async () => {
    const client = await beginGuarded(database);
    await client.query("INSERT INTO account VALUES (4, 'dot', 4)");
    await client.query('UPDATE account SET balance = 0');
    await client.query('DELETE FROM account WHERE id = 2');
    await client.query('INSERT INTO purchase VALUES (4, 4)');
    await client.query('COMMIT');

    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toEqual([]);
    await expect(database.sql('SELECT FROM dtx.branch_fence')).resolves.toEqual([]);
  });

  it('records nothing either when its snapshot does not move', async () => {
    const client = await beginGuarded(database, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query("INSERT INTO account VALUES (4, 'dot', 4)");
    await client.query('UPDATE account SET balance = 0');
    await client.query('COMMIT');

    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toEqual([]);
  });

  it.each([
    ["INSERT INTO account VALUES (2, 'x', 1)", 'public.account'],
    ["INSERT INTO account VALUES (9, 'ben', 1)", 'public.account (account_owner_key)'],
  ])('is refused what is younger than its snapshot: %s', async (statement, table) => {
    const client = await beginGuarded(database, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query('SELECT FROM account');
    await database.branch(newTag(), 'DELETE FROM account WHERE id = 2');

    const error = await failureOf(client.query(statement));

    expect(conflictIn(database, error)).toMatchObject({ table });
  });

  it('waits for a holder that is still at work, and is refused then', async () => {
    const tag = newTag();
    const holder = await database.begin(tag);
    await holder.query('UPDATE account SET balance = 0 WHERE id = 1');
    const waiting = guardedConflictOf(database, 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.untilBlocked();
    await holder.query('COMMIT');

    await expect(waiting).resolves.toMatchObject({ holderXid: tag.xid });
  });

  it('is free when the holder has been undone', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET balance = 0');
    await database.rollback(tag);

    const conflict = await guardedConflictOf(database, 'UPDATE account SET balance = 1');

    expect(conflict).toBeUndefined();
  });
});

describe('Writers from outside', () => {
  let database: AtDatabase;
  const guard = async (isOn: boolean): Promise<unknown> =>
    createPostgresEngine({
      source: sourceOf(database.pool),
      resourceId: 'shop',
      guard: isOn,
    }).install();

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
    await guard(true);
  });

  beforeEach(async () => {
    await database.reset(`SET dtx.guard = 'off'; ${RESET} RESET dtx.guard;`);
  });

  afterAll(async () => {
    await database.drop();
  });

  it.each(HELD)('are refused %s by a guard', async (_what, first, second) => {
    const holder = newTag();
    await database.branch(holder, first);

    const error = await failureOf(database.sql(second));

    expect(error).toMatchObject({
      code: 'SE002',
      message: expect.stringContaining(`is held by global transaction ${holder.xid}`),
    });
  });

  it('are refused also when they have waited for the row', async () => {
    const holder = await database.begin(newTag());
    await holder.query('UPDATE account SET balance = 0 WHERE id = 1');
    const waiting = failureOf(database.sql('UPDATE account SET balance = 1 WHERE id = 1'));
    await database.untilBlocked();
    await holder.query('COMMIT');

    await expect(waiting).resolves.toMatchObject({ code: 'SE002' });
  });

  it('write what nobody holds, and leave no trace', async () => {
    await database.branch(newTag(), 'UPDATE account SET balance = 0 WHERE id = 1');

    await database.sql("INSERT INTO account VALUES (4, 'dot', 4)");
    await database.sql('UPDATE account SET balance = 7 WHERE id <> 1');

    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toHaveLength(1);
    await expect(database.rows('account')).resolves.toContain('(4,dot,7)');
  });

  it('need no rights on the undo rows', async () => {
    await database.branch(newTag(), 'UPDATE account SET balance = 0 WHERE id = 1');
    const client = await database.connect();
    const role = `guest_${new URL(database.url).pathname.slice(1)}`;
    await client.query(`BEGIN; CREATE ROLE ${role}; GRANT ALL ON account TO ${role};
      SET LOCAL ROLE ${role}`);

    await client.query('UPDATE account SET balance = 1 WHERE id = 2');
    const error = await failureOf(client.query('UPDATE account SET balance = 1 WHERE id = 1'));

    expect(error).toMatchObject({ code: 'SE002' });
  });

  it('do not keep a rollback from its rows', async () => {
    const tag = newTag();
    const before = await database.rows('account', 'purchase');
    await database.branch(
      tag,
      'DELETE FROM purchase',
      "UPDATE account SET balance = 0, owner = owner || 'x' WHERE id = 2",
      'DELETE FROM account WHERE id = 1',
      "INSERT INTO account VALUES (1, 'new', 0)",
    );

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('account', 'purchase')).resolves.toEqual(before);
  });

  it('who say so are let through, to mend rows by hand', async () => {
    await database.branch(newTag(), 'UPDATE account SET balance = 0 WHERE id = 1');

    await database.sql("SET dtx.guard = 'off'; UPDATE account SET balance = 1; RESET dtx.guard");

    await expect(database.rows('account')).resolves.toContain('(1,ada,1)');
  });

  it('are free again when the guard is switched off', async () => {
    const guards = `SELECT tgname FROM pg_trigger WHERE tgname = '!dtx_guard'`;
    await expect(database.sql(guards)).resolves.toHaveLength(2);

    await guard(false);

    await expect(database.sql(guards)).resolves.toEqual([]);
    await database.branch(newTag(), 'UPDATE account SET balance = 0 WHERE id = 1');
    await database.sql('UPDATE account SET balance = 1');
  });
});
