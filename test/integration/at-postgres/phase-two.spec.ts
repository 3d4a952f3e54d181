import { until } from '../../support/until.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

const SETUP = 'CREATE TABLE account (id int PRIMARY KEY, balance int)';
const RESET = `TRUNCATE account; INSERT INTO account SELECT n, n FROM generate_series(1, 100) n`;

/** Rows of our tables that this session has passed in scans of a whole table. */
const SEQUENTIALLY_READ = `
  SELECT sum(seq_tup_read)::int AS read FROM pg_stat_xact_user_tables WHERE schemaname = 'dtx'`;

describe('Phase two', () => {
  let database: AtDatabase;

  const undoRows = (): Promise<readonly Record<string, unknown>[]> =>
    database.sql('SELECT pk FROM dtx.undo_row ORDER BY pk');
  const fences = (): Promise<readonly Record<string, unknown>[]> =>
    database.sql('SELECT branch::text AS id FROM dtx.branch_fence');
  const write = async (id: number, xid?: string): Promise<ReturnType<typeof newTag>> => {
    const tag = newTag(xid);
    await database.branch(tag, `UPDATE account SET balance = -1 WHERE id = ${id}`);
    return tag;
  };

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  describe('of a commit', () => {
    it('leaves nothing but the business change', async () => {
      const tag = await write(1);

      await expect(database.commit(tag)).resolves.toEqual(DONE);

      await expect(undoRows()).resolves.toEqual([]);
      await expect(fences()).resolves.toEqual([]);
      await expect(database.sql('SELECT FROM account WHERE balance = -1')).resolves.toHaveLength(1);
    });

    it('finishes many branches at once, and no other ones', async () => {
      const tags = await Promise.all([1, 2, 3, 4, 5].map((id) => write(id)));
      const other = await write(6);
      const sibling = await write(7, tags[0]!.xid);

      const outcomes = await database.engine.commitBranches(tags);

      expect(outcomes).toEqual(tags.map(() => DONE));
      await expect(undoRows()).resolves.toEqual([{ pk: '6' }, { pk: '7' }]);
      await expect(fences()).resolves.toEqual(
        expect.arrayContaining([{ id: other.branchId }, { id: sibling.branchId }]),
      );
    });

    it('may be repeated', async () => {
      const tag = await write(1);
      await database.commit(tag);

      await expect(database.engine.commitBranches([tag, tag])).resolves.toEqual([DONE, DONE]);
    });

    it('does not wait for a row that somebody holds, and keeps what leads to it', async () => {
      const [held, free] = [await write(1), await write(2)];
      const holder = await database.connect();
      await holder.query("BEGIN; SELECT FROM dtx.undo_row WHERE pk = '1' FOR UPDATE");

      const outcomes = await database.engine.commitBranches([held, free]);

      expect(outcomes).toEqual([expect.objectContaining({ kind: 'retry' }), DONE]);
      await expect(fences()).resolves.toEqual([{ id: held.branchId }]);
      await holder.query('ROLLBACK');
      await expect(database.commit(held)).resolves.toEqual(DONE);
      await expect(undoRows()).resolves.toEqual([]);
    });

    it('does not deadlock with writers and other clean-ups of many rows', async () => {
      const codes: unknown[] = [];
      const round = async (): Promise<void> => {
        const tag = newTag();
        // In one order: writers could deadlock on the rows themselves, whatever we do.
        const text = `DO $$ BEGIN FOR n IN 1..30 LOOP
          UPDATE account SET balance = balance + 1 WHERE id = n; END LOOP; END $$`;
        await database.branch(tag, text).then(
          async () => {
            const work = [1, 2, 3].map(() =>
              until(async () => (await database.commit(tag)).kind === 'done'),
            );
            await Promise.all([...work, database.engine.releaseXids([tag.xid])]);
          },
          (error: unknown) => codes.push((error as { code: unknown }).code),
        );
      };

      await Promise.all(
        Array.from({ length: 6 }, async () => {
          for (let count = 0; count < 10; count += 1) await round();
        }),
      );

      expect(new Set(codes)).not.toContain('40P01');
      await expect(undoRows()).resolves.toEqual([]);
      await expect(fences()).resolves.toEqual([]);
    });

    it.each([
      ['branches', 'dtx.forget_branches($1, $2)'],
      ['transactions', 'dtx.forget_xids($1)'],
    ])('reads only the rows of its %s, however many others there are', async (_, call) => {
      const ids = Array.from({ length: 20 }, (__, index) => index + 1);
      const tags = await Promise.all(ids.map((id) => write(id)));
      await database.sql(`INSERT INTO dtx.undo_row (tbl, pk, xid, branch, shape)
        SELECT 'other', n::text, 'other' || n, n, 0 FROM generate_series(1, 2000) n`);
      await database.sql(`INSERT INTO dtx.branch_fence (xid, branch)
        SELECT 'other' || n, n FROM generate_series(1, 2000) n`);
      const xids = tags.map(({ xid }) => xid);
      const branches = tags.map(({ branchId }) => branchId);
      const client = await database.connect();
      await client.query('BEGIN');
      const [before] = (await client.query<{ read: number }>(SEQUENTIALLY_READ)).rows;

      await client.query(`SELECT ${call}`, call.includes('$2') ? [xids, branches] : [xids]);

      const [after] = (await client.query<{ read: number }>(SEQUENTIALLY_READ)).rows;
      const left = await client.query('SELECT FROM dtx.undo_row');
      await client.query('ROLLBACK');
      expect({ ...after, left: left.rowCount }).toEqual({ ...before, left: 2000 });
    });

    it('is to be tried again when the database is away', async () => {
      const engine = database.engineFor({ connectionString: 'postgres://127.0.0.1:1/none' });

      await expect(engine.commitBranches([newTag(), newTag()])).resolves.toEqual([
        expect.objectContaining({ kind: 'retry' }),
        expect.objectContaining({ kind: 'retry' }),
      ]);
    });
  });

  it('releases what a transaction holds, whichever branch it is of', async () => {
    const first = await write(1);
    await write(2, first.xid);
    const other = await write(3);

    await database.engine.releaseXids([first.xid, newTag().xid]);

    await expect(undoRows()).resolves.toEqual([{ pk: '3' }]);
    await expect(fences()).resolves.toEqual([{ id: other.branchId }]);
    await expect(write(1)).resolves.toBeDefined();
  });

  describe('purges fences', () => {
    const age = (tag: ReturnType<typeof newTag>): Promise<unknown> =>
      database.sql(
        `UPDATE dtx.branch_fence SET changed_at = now() - interval '2 hours' WHERE branch = $1`,
        [tag.branchId],
      );

    it('of rollbacks that are old enough', async () => {
      const [undone, buried, young] = [await write(1), newTag(), newTag()];
      await database.engine.rollbackBranches([undone, buried, young]);
      await age(undone);
      await age(buried);

      await expect(database.engine.purgeFences(3_600_000)).resolves.toBe(2);
      await expect(fences()).resolves.toEqual([{ id: young.branchId }]);
    });

    it('but not of branches that phase two has not reached', async () => {
      await age(await write(1));

      await expect(database.engine.purgeFences(3_600_000)).resolves.toBe(0);
    });

    it('and not of branches whose rows wait for a person', async () => {
      const tag = await write(1);
      await database.sql('UPDATE account SET balance = 5 WHERE id = 1');
      await database.rollback(tag);
      await age(tag);

      await expect(database.engine.purgeFences(3_600_000)).resolves.toBe(0);
    });

    it('however many there are', async () => {
      await database.sql(
        `INSERT INTO dtx.branch_fence SELECT 'x', n, 3, now() - interval '1 day'
         FROM generate_series(1, 2500) n`,
      );

      await expect(database.engine.purgeFences(1000)).resolves.toBe(2500);
    });
  });
});
