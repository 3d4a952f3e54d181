import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag, reasonOf } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, owner text UNIQUE, balance int NOT NULL);
  CREATE TABLE purchase (id int PRIMARY KEY, account int REFERENCES account);
  CREATE TABLE tag (id int PRIMARY KEY, account int REFERENCES account ON DELETE CASCADE);
  CREATE TABLE late (id int PRIMARY KEY, account int REFERENCES account
    DEFERRABLE INITIALLY DEFERRED);
`;

const RESET = `
  TRUNCATE account, purchase, tag, late;
  INSERT INTO account VALUES (1, 'ada', 100), (2, 'ben', 200), (3, 'eve', 300);
`;

describe('Rollback of a branch', () => {
  let database: AtDatabase;

  const undoRows = (): Promise<readonly Record<string, unknown>[]> =>
    database.sql('SELECT tbl, pk FROM dtx.undo_row WHERE shape <> 0 ORDER BY seq');

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  it('gives the same answer again, and changes nothing', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET balance = 0');
    await database.rollback(tag);
    await database.sql('UPDATE account SET balance = 7 WHERE id = 1');

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('account')).resolves.toContain('(1,ada,7)');
  });

  it('has nothing to do for a branch that never came', async () => {
    await expect(database.rollback(newTag())).resolves.toEqual(DONE);
  });

  it('frees the rows for others', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET balance = 0');
    await database.rollback(tag);

    await database.branch(newTag(), 'UPDATE account SET balance = 1');

    await expect(undoRows()).resolves.toHaveLength(3);
  });

  it('is itself not captured', async () => {
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM account');
    await database.rollback(tag);

    await expect(undoRows()).resolves.toEqual([]);
  });

  it('restores what all branches of the transaction have changed at once', async () => {
    const first = newTag();
    const second = newTag(first.xid);
    await database.branch(first, 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.branch(second, 'UPDATE account SET balance = 2 WHERE id <= 2');

    await expect(database.rollback(second)).resolves.toEqual(DONE);
    await expect(database.rows('account')).resolves.toEqual([
      '(1,ada,100)',
      '(2,ben,200)',
      '(3,eve,300)',
    ]);
    await expect(database.rollback(first)).resolves.toEqual(DONE);
    await expect(undoRows()).resolves.toEqual([]);
  });

  it('restores a row that needs another one, which an earlier branch has to return', async () => {
    await database.sql('INSERT INTO purchase VALUES (7, 1)');
    const before = await database.rows('account', 'purchase');
    const first = newTag();
    const second = newTag(first.xid);
    await database.branch(first, 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.branch(second, 'DELETE FROM purchase', 'DELETE FROM account WHERE id = 1');

    await expect(database.rollback(second)).resolves.toEqual(DONE);
    await expect(database.rollback(first)).resolves.toEqual(DONE);
    await expect(database.rows('account', 'purchase')).resolves.toEqual(before);
  });

  it('leaves a row that an outsider has removed between two branches', async () => {
    const first = newTag();
    const second = newTag(first.xid);
    await database.branch(first, 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.sql('DELETE FROM account WHERE id = 1');
    await database.branch(second, "INSERT INTO account VALUES (1, 'new', 5)");

    await expect(database.rollback(second)).resolves.toEqual(DONE);
    expect(reasonOf(await database.rollback(first))).toContain('public.account 1: the row was');
    await expect(database.rows('account')).resolves.toContain('(1,new,5)');
  });

  it('answers each of several branches, and one that fails does not stop the others', async () => {
    const [dirty, clean] = [newTag(), newTag()];
    await database.branch(dirty, 'UPDATE account SET balance = 0 WHERE id = 1');
    await database.branch(clean, 'UPDATE account SET balance = 0 WHERE id = 2');
    await database.sql('UPDATE account SET balance = 50 WHERE id = 1');

    const outcomes = await database.engine.rollbackBranches([dirty, clean, newTag()]);

    expect(outcomes.map(({ kind }) => kind)).toEqual(['cannot', 'done', 'done']);
  });

  describe('of a row that somebody else has changed', () => {
    const writeAndMeddle = async (meddling: string): Promise<ReturnType<typeof newTag>> => {
      const tag = newTag();
      await database.branch(
        tag,
        'UPDATE account SET balance = 0 WHERE id < 3',
        'DELETE FROM account WHERE id = 3',
        "INSERT INTO account VALUES (4, 'dot', 400)",
      );
      await database.sql(meddling);
      return tag;
    };

    it.each([
      ['updated', 'UPDATE account SET balance = 50 WHERE id = 1', '1', '(1,ada,50)'],
      ['updated a new', 'UPDATE account SET balance = 50 WHERE id = 4', '4', '(4,dot,50)'],
      ['inserted a deleted', "INSERT INTO account VALUES (3, 'x', 5)", '3', '(3,x,5)'],
    ])('leaves a row that was %s', async (_what, meddling, key, row) => {
      const tag = await writeAndMeddle(meddling);

      const outcome = await database.rollback(tag);

      expect(reasonOf(outcome)).toContain(`public.account ${key}: the row was changed by a writer`);
      await expect(database.rows('account')).resolves.toContain(row);
      await expect(undoRows()).resolves.toEqual([{ tbl: 'public.account', pk: key }]);
    });

    it('restores the other rows of the branch', async () => {
      const tag = await writeAndMeddle('DELETE FROM account WHERE id = 2');

      await database.rollback(tag);

      await expect(database.rows('account')).resolves.toEqual(['(1,ada,100)', '(3,eve,300)']);
    });

    it('gives the same answer again, and ends when the row is as one of the images', async () => {
      const tag = await writeAndMeddle('UPDATE account SET balance = 50 WHERE id = 1');
      const outcome = await database.rollback(tag);
      await expect(database.rollback(tag)).resolves.toEqual(outcome);
      await database.sql('UPDATE account SET balance = 100 WHERE id = 1');

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(undoRows()).resolves.toEqual([]);
    });

    it('keeps it locked for other transactions until then', async () => {
      await database.rollback(await writeAndMeddle('UPDATE account SET balance = 50 WHERE id = 1'));

      const write = database.branch(newTag(), 'UPDATE account SET balance = 1 WHERE id = 1');

      await expect(write).rejects.toMatchObject({ code: 'SE001' });
    });

    it('says nothing of what is in the row', async () => {
      const tag = await writeAndMeddle("UPDATE account SET owner = 'secret' WHERE id = 1");

      expect(reasonOf(await database.rollback(tag))).not.toContain('secret');
    });
  });

  describe('of a row that other rows stand in the way of', () => {
    it('leaves a new row that somebody refers to', async () => {
      const tag = newTag();
      await database.branch(tag, "INSERT INTO account VALUES (4, 'dot', 1), (5, 'fox', 1)");
      await database.sql('INSERT INTO purchase VALUES (1, 4)');

      const error = reasonOf(await database.rollback(tag));

      expect(error).toContain('public.account 4: a row that is not part of the transaction');
      expect(error).toContain('"purchase_account_fkey"');
      await expect(undoRows()).resolves.toEqual([{ tbl: 'public.account', pk: '4' }]);
    });

    it('leaves a new row rather than delete rows of others by a cascade', async () => {
      const tag = newTag();
      await database.branch(tag, "INSERT INTO account VALUES (4, 'dot', 1)");
      await database.sql('INSERT INTO tag VALUES (1, 4)');

      const error = reasonOf(await database.rollback(tag));

      expect(error).toContain('public.account 4: rows that are not part of the transaction refer');
      await expect(database.rows('tag')).resolves.toEqual(['(1,4)']);
    });

    it('leaves everything that a deferred constraint objects to', async () => {
      const tag = newTag();
      await database.branch(tag, "INSERT INTO account VALUES (4, 'dot', 1)");
      await database.sql('INSERT INTO late VALUES (1, 4)');

      const error = reasonOf(await database.rollback(tag));

      expect(error).toContain('"late_account_fkey"');
      await expect(undoRows()).resolves.toEqual([{ tbl: 'public.account', pk: '4' }]);
    });

    it('leaves a row whose unique value somebody has taken', async () => {
      const tag = newTag();
      await database.branch(tag, 'DELETE FROM account WHERE id <= 2');
      await database.sql("INSERT INTO account VALUES (9, 'ada', 0)");

      const error = reasonOf(await database.rollback(tag));

      expect(error).toContain('public.account 1: another row has taken a unique value');
      await expect(database.rows('account')).resolves.toEqual([
        '(2,ben,200)',
        '(3,eve,300)',
        '(9,ada,0)',
      ]);
    });
  });

  describe('that cannot get on now', () => {
    it('is to be tried again while somebody holds a row', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 0');
      const holder = await database.connect();
      await holder.query('BEGIN; SELECT FROM account WHERE id = 2 FOR UPDATE');

      await expect(database.rollback(tag)).resolves.toMatchObject({ kind: 'retry' });
      await holder.query('ROLLBACK');
      await expect(database.rollback(tag)).resolves.toEqual(DONE);
    });

    it('is to be tried again when an undo row has changed meanwhile', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 0 WHERE id = 1');
      await database.sql(`
        CREATE FUNCTION fold() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN UPDATE dtx.undo_row SET after = NULL; RETURN NULL; END';
        CREATE TRIGGER fold AFTER UPDATE ON account EXECUTE FUNCTION fold();`);

      const outcome = await database.rollback(tag);
      await database.sql('DROP FUNCTION fold CASCADE');

      expect(outcome).toMatchObject({ kind: 'retry' });
      await expect(database.rollback(tag)).resolves.toEqual(DONE);
    });

    it('is to be tried again when its connection is lost', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 0');
      const holder = await database.connect();
      await holder.query('BEGIN; SELECT FROM account WHERE id = 2 FOR UPDATE');
      const outcome = database.rollback(tag);
      await database.untilBlocked();
      await holder.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );

      await expect(outcome).resolves.toMatchObject({ kind: 'retry' });
      await holder.query('ROLLBACK');
      await expect(database.rollback(tag)).resolves.toEqual(DONE);
    });
  });

  it('and writers of the same row do not deadlock', async () => {
    const tags = Array.from({ length: 8 }, () => newTag());
    await database.sql("INSERT INTO account SELECT n, 'o' || n, n FROM generate_series(10, 17) n");
    for (const [index, tag] of tags.entries()) {
      await database.branch(tag, `UPDATE account SET balance = 0 WHERE id = ${index + 10}`);
    }
    const codes: unknown[] = [];
    // In one order: writers could deadlock on the rows themselves, whatever we do.
    const ADD_ONE = `DO $$ BEGIN FOR n IN 10..17 LOOP
      UPDATE account SET balance = balance + 1 WHERE id = n; END LOOP; END $$`;
    const write = (): Promise<unknown> =>
      database
        .branch(newTag(), ADD_ONE)
        .catch((error: unknown) => codes.push((error as { code: unknown }).code));

    const outcomes = await Promise.all(
      tags.map(async (tag) => (await Promise.all([write(), database.rollback(tag), write()]))[1]),
    );

    expect(outcomes).toEqual(tags.map(() => DONE));
    expect(codes).not.toContain('40P01');
  });
});
