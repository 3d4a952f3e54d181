import { isCaptureNotice } from '../../../lib/resource/at/postgres/index.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, failureOf, newTag } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
  CREATE TABLE pair (a text, b text, n int, PRIMARY KEY (a, b));
  CREATE TABLE label (name text PRIMARY KEY);
  CREATE TABLE amount (id numeric PRIMARY KEY, n int);
  CREATE FUNCTION pay() RETURNS int LANGUAGE sql AS
    'UPDATE account SET balance = balance - 1 WHERE id = 1 RETURNING balance';
`;

const RESET = `
  TRUNCATE account, pair, label, amount;
  INSERT INTO account VALUES (1, 100), (2, 200);
`;

const BAD_ID = expect.objectContaining({ code: 'DTX_ERR_BAD_BRANCH_ID' }) as Error;

describe('Capture', () => {
  let database: AtDatabase;

  const undoRows = (): Promise<readonly Record<string, unknown>[]> =>
    database.sql(`SELECT tbl, pk, xid, branch::text AS "branchId", before, after
      FROM dtx.undo_row ORDER BY seq`);
  const fences = (): Promise<readonly Record<string, unknown>[]> =>
    database.sql('SELECT xid, branch::text AS "branchId", state FROM dtx.branch_fence');

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  it('writes nothing outside of a branch', async () => {
    await database.sql('UPDATE account SET balance = 0');

    await expect(undoRows()).resolves.toEqual([]);
    await expect(fences()).resolves.toEqual([]);
  });

  it('writes nothing for a branch that only reads', async () => {
    await database.branch(newTag(), 'SELECT * FROM account', 'DELETE FROM account WHERE id = 9');

    await expect(fences()).resolves.toEqual([]);
  });

  it('keeps one undo row per row and one fence row per branch', async () => {
    const tag = newTag();
    await database.branch(
      tag,
      'UPDATE account SET balance = balance + 1',
      'INSERT INTO account VALUES (3, 300)',
      'UPDATE account SET balance = 0 WHERE id = 1',
    );

    await expect(undoRows()).resolves.toEqual([
      { tbl: 'public.account', pk: '1', ...tag, before: '(1,100)', after: '(1,0)' },
      { tbl: 'public.account', pk: '2', ...tag, before: '(2,200)', after: '(2,201)' },
      { tbl: 'public.account', pk: '3', ...tag, before: null, after: '(3,300)' },
    ]);
    await expect(fences()).resolves.toEqual([{ ...tag, state: 1 }]);
  });

  it('commits with the business change or not at all', async () => {
    const client = await database.begin(newTag());
    await client.query('UPDATE account SET balance = 0');
    await client.query('ROLLBACK');

    await expect(undoRows()).resolves.toEqual([]);
    await expect(fences()).resolves.toEqual([]);
  });

  it('does not touch the next transaction of the connection', async () => {
    const client = await database.begin(newTag());
    await client.query('UPDATE account SET balance = 0');
    await client.query('COMMIT');

    await client.query('UPDATE account SET balance = 5');

    await expect(undoRows()).resolves.toMatchObject([{ after: '(1,0)' }, { after: '(2,0)' }]);
  });

  it('gives way with a savepoint, fence row included, and comes back behind it', async () => {
    const tag = newTag();
    await database.branch(
      tag,
      'SAVEPOINT a',
      'UPDATE account SET balance = 0 WHERE id = 1',
      'ROLLBACK TO a',
      'UPDATE account SET balance = 0 WHERE id = 2',
      'SAVEPOINT b',
      'UPDATE account SET balance = 5 WHERE id = 2',
      'DELETE FROM account WHERE id = 1',
      'ROLLBACK TO b',
    );

    await expect(fences()).resolves.toEqual([{ ...tag, state: 1 }]);
    await expect(undoRows()).resolves.toMatchObject([
      { pk: '2', before: '(2,200)', after: '(2,0)' },
    ]);
  });

  it('gives way with the exception block of a function', async () => {
    const tag = newTag();
    await database.branch(
      tag,
      `DO $$ BEGIN
         BEGIN UPDATE account SET balance = 0; RAISE 'no'; EXCEPTION WHEN raise_exception THEN END;
         UPDATE account SET balance = 1 WHERE id = 1;
       END $$`,
    );

    await expect(fences()).resolves.toEqual([{ ...tag, state: 1 }]);
    await expect(undoRows()).resolves.toMatchObject([{ pk: '1', after: '(1,1)' }]);
  });

  describe('of a row that another transaction holds', () => {
    it('fails at the statement and names table, key and holder', async () => {
      const holder = newTag();
      await database.branch(holder, 'UPDATE account SET balance = 0 WHERE id = 1');
      const client = await database.begin(newTag());

      const error = await failureOf(client.query('UPDATE account SET balance = 1 WHERE id = 1'));

      expect(database.engine.explain(error)).toEqual({
        kind: 'lock-conflict',
        conflict: { table: 'public.account', key: '1', holderXid: holder.xid },
      });
    });

    it.each([
      ['deleted', 'DELETE FROM account WHERE id = 1', 'INSERT INTO account VALUES (1, 5)'],
      ['moved away', 'UPDATE account SET id = 7 WHERE id = 1', 'INSERT INTO account VALUES (1, 5)'],
      ['moved there', 'UPDATE account SET id = 7 WHERE id = 1', 'DELETE FROM account WHERE id = 7'],
      [
        'inserted and deleted',
        'INSERT INTO account VALUES (9, 9); DELETE FROM account WHERE id = 9',
        'INSERT INTO account VALUES (9, 1)',
      ],
    ])('knows the key of a row that was %s', async (_what, first, second) => {
      await database.branch(newTag(), first);

      const error = await failureOf(database.branch(newTag(), second));

      expect(database.engine.explain(error)).toMatchObject({ kind: 'lock-conflict' });
    });

    it('lets a writer wait for a holder that then rolls back locally', async () => {
      const holder = await database.begin(newTag());
      await holder.query('UPDATE account SET balance = 0 WHERE id = 1');
      const waiting = database.branch(newTag(), 'UPDATE account SET balance = 1 WHERE id = 1');
      await database.untilBlocked();
      await holder.query('ROLLBACK');

      await waiting;

      await expect(undoRows()).resolves.toMatchObject([{ before: '(1,100)', after: '(1,1)' }]);
    });

    it('makes a writer fail that waited for a holder which then committed locally', async () => {
      const tag = newTag();
      const holder = await database.begin(tag);
      await holder.query('UPDATE account SET balance = 0 WHERE id = 1');
      const waiting = failureOf(database.branch(newTag(), 'UPDATE account SET balance = 1'));
      await database.untilBlocked();
      await holder.query('COMMIT');

      const error = await waiting;

      expect(database.engine.explain(error)).toMatchObject({
        kind: 'lock-conflict',
        conflict: { holderXid: tag.xid },
      });
    });

    it('tells a conflict also when the snapshot is older than the undo row', async () => {
      const client = await database.connect();
      const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ';
      await client.query(`${begin}; ${database.engine.tagStatement(newTag())}`);
      await client.query('SELECT FROM account');
      await database.branch(newTag(), "INSERT INTO label VALUES ('x')", 'DELETE FROM label');

      const error = await failureOf(client.query("INSERT INTO label VALUES ('x')"));

      expect(error).toMatchObject({ code: '40001' });
      expect(database.engine.explain(error)).toMatchObject({
        kind: 'lock-conflict',
        conflict: { table: 'public.label' },
      });
    });

    it('is not what a serialization failure of the business row is taken for', async () => {
      const client = await database.connect();
      const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ';
      await client.query(`${begin}; ${database.engine.tagStatement(newTag())}`);
      await client.query('SELECT FROM account');
      await database.sql('UPDATE account SET balance = 7');

      const error = await failureOf(client.query('UPDATE account SET balance = 8'));

      expect(error).toMatchObject({ code: '40001' });
      expect(database.engine.explain(error)).toBeUndefined();
    });

    it('goes on behind a savepoint', async () => {
      await database.branch(newTag(), 'UPDATE account SET balance = 0 WHERE id = 1');
      const tag = newTag();
      const client = await database.begin(tag);
      await client.query('SAVEPOINT a');
      await failureOf(client.query('UPDATE account SET balance = 1 WHERE id = 1'));
      await client.query('ROLLBACK TO a');
      await client.query('UPDATE account SET balance = 1 WHERE id = 2');
      await client.query('COMMIT');

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(database.rows('account')).resolves.toEqual(['(1,0)', '(2,200)']);
    });
  });

  describe('names rows so that', () => {
    it('parts of a key cannot run into each other', async () => {
      await database.branch(newTag(), "INSERT INTO pair VALUES ('a_b', 'c'), ('x,y', ')\"')");

      await database.branch(newTag(), "INSERT INTO pair VALUES ('a', 'b_c'), ('x', 'y,)\"')");

      await expect(undoRows()).resolves.toHaveLength(4);
    });

    it('numbers that are equal have one name', async () => {
      await database.branch(newTag(), 'INSERT INTO amount VALUES (1.0, 1)', 'DELETE FROM amount');

      const error = await failureOf(
        database.branch(newTag(), 'INSERT INTO amount VALUES (1.00, 1)'),
      );

      expect(database.engine.explain(error)).toMatchObject({ conflict: { key: '1' } });
    });

    it('a key may be longer than an index entry', async () => {
      const tag = newTag();
      const long = "repeat('ab', 4000)";
      await database.sql(`INSERT INTO label VALUES (${long})`);
      await database.branch(tag, `UPDATE label SET name = ${long} || 'c'`);
      const [row] = await database.sql('SELECT max(length(pk)) AS length FROM dtx.undo_row');

      expect(row).toEqual({ length: 65 });
      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(database.sql(`SELECT FROM label WHERE name = ${long}`)).resolves.toHaveLength(1);
    });

    it('a key that looks like the digest of a long one is another key', async () => {
      const long = "repeat('ab', 4000)";
      await database.branch(newTag(), `INSERT INTO label VALUES (${long})`);
      const [row] = await undoRows();

      await database.branch(newTag(), `INSERT INTO label VALUES ('${String(row?.['pk'])}')`);

      await expect(undoRows()).resolves.toHaveLength(2);
    });
  });

  describe('gives notice', () => {
    const noticesOf = async (...statements: readonly string[]): Promise<number> => {
      const client = await database.begin(newTag());
      let count = 0;
      client.on('notice', (notice) => {
        if (isCaptureNotice(notice)) count += 1;
      });
      await client.query("SET LOCAL client_min_messages = 'error'");
      for (const statement of statements) await client.query(statement);
      return count;
    };

    it.each([
      ['a select of a function that writes', 'SELECT pay()'],
      ['a common table expression', 'WITH w AS (DELETE FROM account) SELECT'],
      ['a DO block', "DO 'BEGIN PERFORM pay(); END'"],
      ['a comment in front', '-- why\nUPDATE account SET balance = 0'],
    ])('of %s', async (_what, statement) => {
      await expect(noticesOf(statement)).resolves.toBe(1);
    });

    it('once per local transaction', async () => {
      await expect(noticesOf('SELECT pay()', 'SELECT pay()')).resolves.toBe(1);
    });

    it('of nothing that everybody sees to be a write', async () => {
      const update = '\n  update account SET balance = 0';

      await expect(noticesOf(update, 'DELETE FROM account', 'SELECT pay()')).resolves.toBe(0);
    });

    it('of nothing that only reads', async () => {
      await expect(noticesOf('SELECT * FROM account')).resolves.toBe(0);
    });
  });

  it('refuses TRUNCATE in a branch, and lets it pass outside', async () => {
    const error = await failureOf(database.branch(newTag(), 'TRUNCATE account'));
    await database.sql('TRUNCATE label');

    expect(database.engine.explain(error)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('TRUNCATE of public.account cannot be undone'),
    });
  });

  it('refuses to fold a change onto a row that an outsider has changed in between', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET balance = 0 WHERE id = 1');
    await database.sql('UPDATE account SET balance = 50 WHERE id = 1');

    const again = newTag(tag.xid);
    const error = await failureOf(database.branch(again, 'UPDATE account SET balance = 1'));

    expect(database.engine.explain(error)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining(`row 1 of public.account is not as global transaction`),
    });
  });

  it('explains nothing that is not its own', () => {
    expect(database.engine.explain(undefined)).toBeUndefined();
    expect(database.engine.explain({ code: '23505', constraint: 'account_pkey' })).toBeUndefined();
    expect(database.engine.explain(new Error('x'))).toBeUndefined();
  });

  it('puts no id into a statement that is not one', () => {
    const { engine } = database;
    expect(() => engine.tagStatement({ xid: "x'; --", branchId: '1' })).toThrow('is not an xid');
    expect(() => engine.tagStatement({ xid: 'x', branchId: "1'" })).toThrow(BAD_ID);
  });
});
