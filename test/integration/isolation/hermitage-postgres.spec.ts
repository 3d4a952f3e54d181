import { LockConflictError } from '../../../lib/protocol/index.js';
import type { GlobalTransaction } from '../../../lib/transaction/index.js';
import type { AtWorld } from '../../support/at-world.js';
import { openAtWorld } from '../../support/at-world.js';

/**
 * The cases of the Hermitage suite between global transactions: each step is a local transaction of
 * its own, committed as soon as it has run. `docs/isolation.md` has the same table.
 */

const SCHEMA = `
  CREATE TABLE test (id int PRIMARY KEY, value int);
  INSERT INTO test VALUES (1, 10), (2, 20)`;

/** A global transaction of a case. */
interface Actor {
  readonly transaction: GlobalTransaction;
  write(sql: string): Promise<void>;
  /** The values of the rows that meet the condition, in the order of their ids. */
  read(condition: string): Promise<readonly number[]>;
}

/** How a case reads. A read with a lock meets what others hold, and keeps nothing afterwards. */
const READS = [
  ['plain reads', ''],
  ['locking reads', 'FOR UPDATE'],
] as const;

describe.each(READS)('Between global transactions with %s', (_how, suffix) => {
  const isLocking = suffix !== '';
  /** What becomes of a read of something that is not decided. */
  const ofUndecided = isLocking ? 'prevented' : 'possible';
  let world: AtWorld;
  let t1: Actor;
  let t2: Actor;
  let t3: Actor;

  const actor = async (name: string): Promise<Actor> => {
    const transaction = await world.manager.begin({ name });
    const query = (sql: string): Promise<{ rows: { value: number }[] }> =>
      transaction.run(() => world.pool.query<{ value: number }>(sql));
    return {
      transaction,
      async write(sql) {
        await query(sql);
      },
      async read(condition) {
        const sql = `SELECT value FROM test WHERE ${condition} ORDER BY id ${suffix}`;
        return (await query(sql)).rows.map(({ value }) => value);
      },
    };
  };

  /** What a read gives; what it meets, where it waits for the decision in vain. */
  const outcome = (reading: Promise<readonly number[]>): Promise<unknown> =>
    reading.catch((error: unknown) => (error as Error).constructor);
  const undecided = (value: number): unknown => (isLocking ? LockConflictError : [value]);

  const values = async (): Promise<readonly unknown[]> =>
    (await world.rows('SELECT value FROM test ORDER BY id')).map(
      (row) => (row as { value: number }).value,
    );

  beforeAll(async () => {
    world = await openAtWorld(SCHEMA, { lockWaitTimeoutMs: 50 });
  });

  beforeEach(async () => {
    [t1, t2, t3] = [await actor('t1'), await actor('t2'), await actor('t3')];
  });

  afterEach(async () => {
    for (const { transaction } of [t1, t2, t3]) {
      if (transaction.isActive) await transaction.rollback();
    }
    await world.untilClean();
    await world.plain.query('DELETE FROM test; INSERT INTO test VALUES (1, 10), (2, 20)');
  });

  afterAll(() => world.close());

  it('G0, dirty writes: prevented', async () => {
    await t1.write('UPDATE test SET value = 11 WHERE id = 1');
    const dirty = t2.write('UPDATE test SET value = 12 WHERE id = 1');

    await expect(dirty).rejects.toBeInstanceOf(LockConflictError);
    await t1.write('UPDATE test SET value = 21 WHERE id = 2');
    await t1.transaction.commit();
    await t2.write('UPDATE test SET value = 22 WHERE id = 2');
    await t2.transaction.rollback();
    expect(await values()).toEqual([11, 21]);
  });

  it(`G1a, aborted reads: ${ofUndecided}`, async () => {
    await t1.write('UPDATE test SET value = 101 WHERE id = 1');

    const seen = await outcome(t2.read('id = 1'));

    await t1.transaction.rollback();
    expect(seen).toEqual(undecided(101));
    expect(await values()).toEqual([10, 20]);
  });

  it(`G1b, intermediate reads: ${ofUndecided}`, async () => {
    await t1.write('UPDATE test SET value = 101 WHERE id = 1');

    const seen = await outcome(t2.read('id = 1'));

    await t1.write('UPDATE test SET value = 11 WHERE id = 1');
    await t1.transaction.commit();
    expect(seen).toEqual(undecided(101));
    expect(await values()).toEqual([11, 20]);
  });

  it(`G1c, circular information flow: ${ofUndecided}`, async () => {
    await t1.write('UPDATE test SET value = 11 WHERE id = 1');
    await t2.write('UPDATE test SET value = 22 WHERE id = 2');

    const seen = [await outcome(t1.read('id = 2')), await outcome(t2.read('id = 1'))];

    await t1.transaction.commit();
    await t2.transaction.commit();
    expect(seen).toEqual([undecided(22), undecided(11)]);
  });

  it(`OTV, an observed transaction vanishes: ${ofUndecided}`, async () => {
    await t1.write('UPDATE test SET value = 11 WHERE id = 1');
    await t1.write('UPDATE test SET value = 19 WHERE id = 2');
    await t1.transaction.commit();
    await t2.write('UPDATE test SET value = 12 WHERE id = 1');

    const seen = [await outcome(t3.read('id = 1')), await outcome(t3.read('id = 2'))];

    await t2.write('UPDATE test SET value = 18 WHERE id = 2');
    await t2.transaction.commit();
    expect(seen).toEqual([undecided(12), [19]]);
    expect(await values()).toEqual([12, 18]);
  });

  it('PMP, a predicate that changes its answer: possible', async () => {
    const before = await t1.read('value = 30');
    await t2.write('INSERT INTO test VALUES (3, 30)');
    await t2.transaction.commit();

    const after = await t1.read('value % 3 = 0');

    expect([before, after]).toEqual([[], [30]]);
  });

  it('PMP for a write, whose predicate meets rows of others: prevented', async () => {
    await t1.write('UPDATE test SET value = value + 10');

    const removal = t2.write('DELETE FROM test WHERE value = 20');

    await expect(removal).rejects.toBeInstanceOf(LockConflictError);
    await t1.transaction.commit();
    expect(await values()).toEqual([20, 30]);
  });

  it('PMP for a write, whose predicate misses a row that is deleted: possible', async () => {
    await t1.write('DELETE FROM test WHERE id = 1');
    await t2.write('UPDATE test SET value = 11 WHERE id = 1');

    await t1.transaction.rollback();
    await t2.transaction.commit();

    expect(await values()).toEqual([10, 20]);
  });

  it('PMP for an insert that does nothing where a row stands: possible', async () => {
    await t1.write('INSERT INTO test VALUES (3, 30)');
    await t2.write('INSERT INTO test VALUES (3, 31) ON CONFLICT DO NOTHING');

    await t1.transaction.rollback();
    await t2.transaction.commit();

    expect(await values()).toEqual([10, 20]);
  });

  it('P4, lost updates of what was read before: possible', async () => {
    const seen = [await t1.read('id = 1'), await t2.read('id = 1')];
    await t1.write('UPDATE test SET value = 11 WHERE id = 1');
    await t1.transaction.commit();

    await t2.write('UPDATE test SET value = 12 WHERE id = 1');

    await t2.transaction.commit();
    expect(seen).toEqual([[10], [10]]);
    expect(await values()).toEqual([12, 20]);
  });

  it(`P4 where the read and the write are one local transaction: ${ofUndecided}`, async () => {
    const local = await t2.transaction.run(() => world.pool.connect());
    const inLocal = (sql: string) => t2.transaction.run(() => local.query(sql));
    await inLocal('BEGIN');
    await inLocal(`SELECT value FROM test WHERE id = 1 ${suffix}`);
    const other = t1.write('UPDATE test SET value = 11 WHERE id = 1');
    const first = outcome(other.then(() => []));
    if (!isLocking) {
      await first;
      await t1.transaction.commit();
      // Inside of a local transaction nobody waits for what is about to be free.
      await world.untilClean();
    }

    await inLocal('UPDATE test SET value = 12 WHERE id = 1');
    await inLocal('COMMIT');

    local.release();
    expect(await first).toEqual(isLocking ? LockConflictError : []);
    await t2.transaction.commit();
    expect(await values()).toEqual([12, 20]);
  });

  it('P4 for a write that computes from the row: prevented', async () => {
    await t1.write('UPDATE test SET value = value + 1 WHERE id = 1');
    await t1.transaction.commit();
    await t2.write('UPDATE test SET value = value + 1 WHERE id = 1');

    await t2.transaction.commit();

    expect(await values()).toEqual([12, 20]);
  });

  it('G-single, read skew: possible', async () => {
    const first = await t1.read('id = 1');
    await t2.write('UPDATE test SET value = 12 WHERE id = 1');
    await t2.write('UPDATE test SET value = 18 WHERE id = 2');
    await t2.transaction.commit();

    const second = await t1.read('id = 2');

    expect([first, second]).toEqual([[10], [18]]);
  });

  it('G2-item, write skew: possible', async () => {
    const seen = [await t1.read('id IN (1, 2)'), await t2.read('id IN (1, 2)')];
    await t1.write('UPDATE test SET value = 11 WHERE id = 1');
    await t2.write('UPDATE test SET value = 21 WHERE id = 2');

    await t1.transaction.commit();
    await t2.transaction.commit();

    expect(seen).toEqual([
      [10, 20],
      [10, 20],
    ]);
    expect(await values()).toEqual([11, 21]);
  });

  it('G2, anti-dependency cycles: possible', async () => {
    const seen = [await t1.read('value % 3 = 0'), await t2.read('value % 3 = 0')];
    await t1.write('INSERT INTO test VALUES (3, 30)');
    await t2.write('INSERT INTO test VALUES (4, 42)');

    await t1.transaction.commit();
    await t2.transaction.commit();

    expect(seen).toEqual([[], []]);
    expect(await values()).toEqual([10, 20, 30, 42]);
  });
});
