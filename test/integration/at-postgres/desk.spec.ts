import type { HeldRow } from '../../../lib/resource/at/index.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag, reasonOf } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, owner text, balance numeric(9, 2));
  INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100);
  CREATE TABLE seat (id int PRIMARY KEY, code text UNIQUE);
  INSERT INTO seat VALUES (1, 'A'), (2, 'B');
`;
const LIMIT = 100;

describe('The desk', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(`DROP TABLE IF EXISTS account, seat, word; ${SETUP}`);
    await database.engine.install();
  });

  afterAll(async () => {
    await database.drop();
  });

  /** Two rows of a branch, the second one changed since by somebody else; rolled back. */
  async function park() {
    const tag = newTag();
    await database.branch(tag, "UPDATE account SET balance = balance - 30, owner = 'it''s'");
    await database.sql('UPDATE account SET balance = 7 WHERE id = 2');
    expect(reasonOf(await database.rollback(tag))).toContain(
      'public.account 2: the row was changed',
    );
    return tag;
  }
  const rowsOf = (xid: string): Promise<readonly HeldRow[]> =>
    database.engine.desk.rows({ xid }, LIMIT);
  const undoRows = () => database.sql('SELECT FROM dtx.undo_row');

  describe('shows', () => {
    it('a row that somebody has changed: before, after, and now', async () => {
      const { branchId, xid } = await park();

      await expect(rowsOf(xid)).resolves.toEqual([
        {
          xid,
          branchId,
          table: 'public.account',
          key: '2',
          state: 'dirty',
          isLeft: true,
          before: { id: '2', owner: 'bob', balance: '100.00' },
          after: { id: '2', owner: "it's", balance: '70.00' },
          current: { id: '2', owner: "it's", balance: '7.00' },
        },
      ]);
    });

    it('rows of a transaction that is under way, as it left them', async () => {
      const tag = newTag();
      await database.branch(
        tag,
        "INSERT INTO account VALUES (3, 'cid', 1)",
        'DELETE FROM account WHERE id = 1',
        "UPDATE account SET owner = 'x' WHERE id = 2",
      );
      await database.sql("UPDATE account SET owner = 'bob' WHERE id = 2");

      const rows = await rowsOf(tag.xid);

      expect(rows.map(({ isLeft, key, state }) => ({ isLeft, key, state }))).toEqual([
        { isLeft: false, key: '3', state: 'as-left' },
        { isLeft: false, key: '1', state: 'as-left' },
        { isLeft: false, key: '2', state: 'as-before' },
      ]);
      expect(rows[0]?.before).toBeUndefined();
      expect(rows[1]?.current).toBeUndefined();
    });

    it('every kind of text as it is', async () => {
      const texts = ['', ' ', 'NULL', 'a,b', '"q"', '\\', '(,)', 'two\nlines', '\\"', "'", null];
      await database.sql(
        `CREATE TABLE word (id int PRIMARY KEY, ${texts.map((_, n) => `"c ${n}" text`).join()});
         INSERT INTO word (id) VALUES (1)`,
      );
      await database.engine.install();
      const tag = newTag();
      const client = await database.begin(tag);
      const assignments = texts.map((_, n) => `"c ${n}" = $${n + 1}`);
      await client.query(`UPDATE word SET ${assignments.join()}`, texts);
      await client.query('COMMIT');
      await database.sql('ALTER TABLE word ADD COLUMN more int');

      const [row] = await rowsOf(tag.xid);

      const found = Object.values(row?.after ?? {});
      expect(found).toEqual(['1', ...texts]);
      expect(Object.values(row?.current ?? {})).toEqual([...found, null]);
    });

    it.each([
      ['a column more', 'ADD COLUMN note text', 'as-left', '70.00'],
      ['a column less', 'DROP COLUMN owner', 'dirty', '70.00'],
      ['another name for a column', 'RENAME balance TO amount', 'dirty', '70.00'],
      ['another name for its key', 'RENAME id TO no', 'dirty', undefined],
      ['no key', 'DROP CONSTRAINT account_pkey', 'dirty', undefined],
    ])('a row whose table has %s since, with its old columns', async (_, change, state, now) => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 70 WHERE id = 1');
      await database.sql(`ALTER TABLE account ${change}`);

      const [row] = await rowsOf(tag.xid);

      expect(row).toMatchObject({
        before: { id: '1', owner: 'ann', balance: '100.00' },
        after: { id: '1', owner: 'ann', balance: '70.00' },
        state,
        trouble: expect.stringContaining('have changed since'),
      });
      expect(row?.current?.['balance'] ?? row?.current?.['amount']).toBe(now);
    });

    it('a row whose table is gone', async () => {
      const tag = newTag();
      await database.branch(tag, 'DELETE FROM seat WHERE id = 1');
      await database.sql('DROP TABLE seat');

      await expect(rowsOf(tag.xid)).resolves.toMatchObject([
        { before: { id: '1', code: 'A' }, trouble: 'the table is gone or has another name' },
        { state: 'lock', key: 'A' },
      ]);
    });

    it('what holds no row as a lock', async () => {
      const { branchId, xid } = newTag();
      await database.sql(
        `INSERT INTO dtx.undo_row (tbl, pk, xid, branch, shape)
         VALUES ('public.seat (seat_code_key)', 'A', $1, $2, 0)`,
        [xid, branchId],
      );

      await expect(rowsOf(xid)).resolves.toMatchObject([{ state: 'lock', key: 'A' }]);
    });

    it('no more rows than it is asked for', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 1', 'DELETE FROM seat');

      await expect(database.engine.desk.rows({}, 3)).resolves.toHaveLength(3);
    });

    it.each([
      [{ table: 'account' }, ['1', '2']],
      [{ table: 'public.account', key: '2' }, ['2']],
      [{ table: 'acc' }, []],
      [{ xid: 'someone' }, []],
      [{ branchId: '77' }, []],
    ])('who holds what, of %j', async (filter, keys) => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 1', 'DELETE FROM seat');

      const locks = await database.engine.desk.locks(filter, LIMIT);

      expect(locks.map(({ key }) => key)).toEqual(keys);
    });

    it('since when a row is held', async () => {
      const tag = newTag();
      await database.branch(tag, 'DELETE FROM seat WHERE id = 1');
      const [fence] = await database.sql('SELECT changed_at FROM dtx.branch_fence');

      const since = { isLeft: false, sinceMs: (fence?.['changed_at'] as Date).getTime() };
      await expect(database.engine.desk.locks({}, LIMIT)).resolves.toEqual([
        { ...tag, table: 'public.seat', key: '1', ...since },
        { ...tag, table: 'public.seat (seat_code_key)', key: 'A', ...since },
      ]);
    });
  });

  describe('ordered to keep what there is', () => {
    it('forgets the rows, and the rollback ends', async () => {
      const tag = await park();

      const report = await database.engine.desk.order('keep-current', tag);

      expect(report).toEqual({ done: [{ table: 'public.account', key: '2' }], left: [] });
      await expect(database.rows('account')).resolves.toEqual(['(1,ann,100.00)', "(2,it's,7.00)"]);
      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(undoRows()).resolves.toEqual([]);
    });

    it('does nothing the second time', async () => {
      const tag = await park();
      await database.engine.desk.order('keep-current', tag);

      await expect(database.engine.desk.order('keep-current', tag)).resolves.toEqual({
        done: [],
        left: [],
      });
    });

    it('takes the locks of the branch along', async () => {
      const tag = await park();
      await database.sql(
        `INSERT INTO dtx.undo_row (tbl, pk, xid, branch, shape)
         VALUES ('public.account (owner_key)', 'bob', $1, $2, 0)`,
        [tag.xid, tag.branchId],
      );

      await database.engine.desk.order('keep-current', { xid: tag.xid });

      await expect(undoRows()).resolves.toEqual([]);
    });

    it('touches no row but the one that was named', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 30');
      await database.sql('UPDATE account SET balance = 7');
      await database.rollback(tag);

      await database.engine.desk.order('keep-current', { ...tag, table: 'account', key: '1' });

      await expect(rowsOf(tag.xid)).resolves.toMatchObject([{ key: '2' }]);
    });
  });

  describe('ordered to give rows their before images', () => {
    it('overwrites what others have written, and the rollback ends', async () => {
      const tag = await park();

      const report = await database.engine.desk.order('force-before', tag);

      expect(report).toEqual({ done: [{ table: 'public.account', key: '2' }], left: [] });
      await expect(database.rows('account')).resolves.toEqual(['(1,ann,100.00)', '(2,bob,100.00)']);
      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(undoRows()).resolves.toEqual([]);
    });

    it.each([
      ['changed', 'UPDATE account SET balance = 3', 'UPDATE account SET balance = 7'],
      ['changed, and then deleted', 'UPDATE account SET balance = 3', 'DELETE FROM account'],
      [
        'deleted, and then inserted',
        'DELETE FROM account',
        "INSERT INTO account VALUES (1, 'x', 1), (2, 'y', 2)",
      ],
      [
        'inserted, and then changed',
        "INSERT INTO account VALUES (3, 'x', 1)",
        'UPDATE account SET balance = 9 WHERE id = 3',
      ],
    ])('brings back a row that was %s', async (_, inside, outside) => {
      const before = await database.rows('account');
      const tag = newTag();
      await database.branch(tag, inside);
      await database.sql(outside);
      reasonOf(await database.rollback(tag));

      await database.engine.desk.order('force-before', tag);

      await expect(database.rows('account')).resolves.toEqual(before);
      await expect(undoRows()).resolves.toEqual([]);
    });

    it('reports a row that cannot be restored, and restores the others', async () => {
      const tag = newTag();
      await database.branch(tag, "UPDATE seat SET code = 'x' || id");
      await database.sql("UPDATE seat SET code = 'y' || id; INSERT INTO seat VALUES (3, 'A')");
      await database.rollback(tag);

      const report = await database.engine.desk.order('force-before', tag);

      expect(report).toEqual({
        done: [{ table: 'public.seat', key: '2' }],
        left: [
          {
            table: 'public.seat',
            key: '1',
            reason: expect.stringMatching(/another row has taken a unique value.*seat_code_key/),
          },
        ],
      });
      await expect(database.rows('seat')).resolves.toEqual(['(1,y1)', '(2,B)', '(3,A)']);
      await database.sql('DELETE FROM seat WHERE id = 3');
      const again = await database.engine.desk.order('force-before', tag);
      expect(again.done).toEqual([{ table: 'public.seat', key: '1' }]);
    });

    it('leaves a row whose table has other columns since', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 70 WHERE id = 1');
      await database.sql('ALTER TABLE account ADD COLUMN note text');
      await database.rollback(tag);

      const { done, left } = await database.engine.desk.order('force-before', tag);

      expect(done).toEqual([]);
      expect(left).toMatchObject([{ key: '1', reason: expect.stringContaining('have changed') }]);
    });
  });

  describe.each(['keep-current', 'force-before'] as const)('ordered to %s', (order) => {
    it('refuses what no rollback has left', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 70 WHERE id = 1');

      const { done, left } = await database.engine.desk.order(order, tag);

      expect(done).toEqual([]);
      expect(left).toMatchObject([{ key: '1', reason: expect.stringContaining('undecided') }]);
      await expect(undoRows()).resolves.toHaveLength(1);
    });

    it('believes the coordinator that the branch was left', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 70 WHERE id = 1');

      const { done } = await database.engine.desk.order(order, tag, [tag.branchId]);

      expect(done).toHaveLength(1);
      await expect(undoRows()).resolves.toEqual([]);
    });

    it('waits for a rollback that is under way', async () => {
      const tag = await park();
      const client = await database.connect();
      await client.query(`BEGIN; SELECT FROM dtx.branch_fence WHERE xid = '${tag.xid}' FOR UPDATE`);

      const report = database.engine.desk.order(order, tag);
      await database.untilBlocked();
      await client.query(`DELETE FROM dtx.undo_row; COMMIT`);

      await expect(report).resolves.toEqual({ done: [], left: [] });
    });
  });
});
