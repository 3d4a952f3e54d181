import type pg from 'pg';

import { dtxPool } from '../../../lib/resource/driver/pg/index.js';
import { LockConflictError } from '../../../lib/protocol/index.js';
import { createTestDatabase } from '../../servers/test-database.js';
import type { TestDatabase } from '../../servers/test-database.js';
import type { AtWorld } from '../../support/at-world.js';
import { ACCOUNT, balances, openAtWorld } from '../../support/at-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';

/** As long as nobody would wait: what ends sooner was ended. */
const LOCK_WAIT_TIMEOUT_MS = 20_000;

type Step = () => Promise<unknown>;

/** Lets all come to the same point before any of them goes on. */
function barrier(count: number): () => Promise<void> {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let missing = count;
  return () => {
    missing -= 1;
    if (missing === 0) open();
    return opened;
  };
}

describe('global transactions that wait for each other in a circle', () => {
  let world: AtWorld;
  beforeEach(async () => {
    world = await openAtWorld(ACCOUNT, { lockWaitTimeoutMs: LOCK_WAIT_TIMEOUT_MS });
  });
  afterEach(() => world.close());

  /** Each takes its first step; when all have, each its second one. */
  const runAll = async (
    ...members: readonly (readonly [Step, Step])[]
  ): Promise<readonly PromiseSettledResult<unknown>[]> => {
    const all = barrier(members.length);
    return Promise.allSettled(
      members.map(([first, second], index) =>
        world.manager.run({ name: `member ${String(index)}` }, async () => {
          await first();
          await all();
          await second();
        }),
      ),
    );
  };

  const take =
    (id: number, pool: pg.Pool = world.pool): Step =>
    () =>
      pool.query(TAKE, [id]);

  const errorsIn = (results: readonly PromiseSettledResult<unknown>[]): readonly unknown[] =>
    results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));

  it('lose one of them within a second, and the other one goes on', async () => {
    const startMs = performance.now();

    const results = await runAll([take(1), take(2)], [take(2), take(1)]);

    const [error, ...others] = errorsIn(results);
    expect(others).toEqual([]);
    expect(error).toBeInstanceOf(LockConflictError);
    expect(error).toMatchObject({ isDeadlock: true, retryable: true });
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(await balances(world)).toEqual([90, 90]);
    await world.untilClean();
  });

  it('are named by the error, in the order in which they wait', async () => {
    const [error] = errorsIn(await runAll([take(1), take(2)], [take(2), take(1)]));

    const { holderXid, xid } = error as LockConflictError;
    expect((error as Error).message).toContain(
      `in a circle: ${String(xid)} -> ${holderXid} -> ${String(xid)} (each for the next)`,
    );
  });

  it('go on but for one, where they are three', async () => {
    await world.pool.query("INSERT INTO account VALUES (3, 'cem', 100)");

    const results = await runAll([take(1), take(2)], [take(2), take(3)], [take(3), take(1)]);

    expect(errorsIn(results)).toMatchObject([{ isDeadlock: true }]);
    const left = await balances(world);
    // Two of three have taken from two accounts each.
    expect([...left].sort((a, b) => a - b)).toEqual([80, 90, 90]);
  });

  it('are found where one of them stands behind others in a queue', async () => {
    await world.pool.query("INSERT INTO account VALUES (3, 'cem', 100)");

    const results = await runAll([take(1), take(2)], [take(3), take(1)], [take(2), take(1)]);

    expect(errorsIn(results)).toMatchObject([{ isDeadlock: true }]);
  });

  it('lose none that only waits for them', async () => {
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(take(1));
    const waiting = [1, 1, 1].map((id) => world.manager.run({ name: 'waiter' }, take(id)));

    await holder.commit();

    await expect(Promise.all(waiting)).resolves.toHaveLength(3);
    expect(await balances(world)).toEqual([60, 100]);
  });

  describe('over two databases', () => {
    let other: TestDatabase;
    let pool: pg.Pool;
    beforeEach(async () => {
      other = await createTestDatabase();
      await other.pool().query(ACCOUNT);
      pool = dtxPool(other.pool({ max: 5 }), {
        resourceId: 'other',
        lockWaitTimeoutMs: LOCK_WAIT_TIMEOUT_MS,
      });
      await world.start(pool);
    });
    afterEach(() => other.drop());

    it('lose one of them within a second', async () => {
      const startMs = performance.now();

      const results = await runAll([take(1), take(1, pool)], [take(1, pool), take(1)]);

      expect(errorsIn(results)).toMatchObject([{ isDeadlock: true }]);
      expect(performance.now() - startMs).toBeLessThan(1_000);
    });

    it('lose one of them where both wait in parallel branches', async () => {
      const both = (one: Step, another: Step) => () => Promise.all([one(), another()]);

      const results = await runAll(
        [take(1), both(take(2), take(1, pool))],
        [take(1, pool), both(take(2, pool), take(1))],
      );

      expect(errorsIn(results)).toMatchObject([{ isDeadlock: true }]);
    });
  });
});
