import type { PoolConnection } from 'mysql2/promise';

import type { AtResource } from '../../../lib/resource/at/index.js';
import { resourceOf } from '../../../lib/resource/index.js';
import type { GlobalTransaction } from '../../../lib/transaction/index.js';
import type { BranchOutcome } from '../../../lib/protocol/index.js';
import { LockConflictError } from '../../../lib/protocol/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { balances, openAtMariadbWorld } from '../../support/at-mariadb-world.js';
import { until } from '../../support/until.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = ?';
const LOCK_WAIT_TIMEOUT_MS = 400;

const LATER: BranchOutcome = { kind: 'retry', error: 'later' };

/** Statements that wait for a row lock of the database, since nothing else takes them so long. */
const WAITING =
  'SELECT 1 FROM information_schema.processlist ' +
  "WHERE info LIKE 'UPDATE account %' AND db = DATABASE()";

async function inTransactionOf(
  { pool }: AtMariadbWorld,
  work: (connection: PoolConnection) => Promise<unknown>,
): Promise<void> {
  const connection = await pool.getConnection();
  try {
    await connection.query('BEGIN');
    await work(connection);
    await connection.query('COMMIT');
  } catch (error) {
    await connection.query('ROLLBACK');
    throw error;
  } finally {
    connection.release();
  }
}

describeMariadb('a row that another global transaction holds', () => {
  let world: AtMariadbWorld;
  let holder: GlobalTransaction;
  let awaitRelease: jest.SpyInstance;
  beforeEach(async () => {
    world = await openAtMariadbWorld(undefined, { lockWaitTimeoutMs: LOCK_WAIT_TIMEOUT_MS });
    holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.pool.query(TAKE, [1]));
    awaitRelease = jest.spyOn(world.manager.client, 'awaitRelease');
  });
  afterEach(() => world.close());

  const takeOne = (): Promise<unknown> =>
    world.manager.run({ name: 'waiter' }, () => world.pool.query(TAKE, [1]));

  const inTransaction = (work: (connection: PoolConnection) => Promise<unknown>): Promise<void> =>
    inTransactionOf(world, work);

  const onConnection = async (
    work: (connection: PoolConnection) => Promise<unknown>,
  ): Promise<void> => {
    const connection = await world.pool.getConnection();
    await work(connection).finally(() => {
      connection.release();
    });
  };

  /** Ends the holder once somebody has met the conflict and waits. */
  const ended = async (end: 'commit' | 'rollback'): Promise<void> => {
    await until(() => awaitRelease.mock.calls.length > 0);
    await holder[end]();
  };

  it.each([
    ['commit', [80, 100]],
    ['rollback', [90, 100]],
  ] as const)('is written by an autocommit statement after the %s', async (end, expected) => {
    const waiting = takeOne();

    await ended(end);
    await waiting;

    expect(await balances(world)).toEqual(expected);
    await world.untilClean();
  });

  it('is written by the first statement of a local transaction after the commit', async () => {
    const waiting = world.manager.run({ name: 'waiter' }, () =>
      inTransaction((connection) => connection.query(TAKE, [1])),
    );

    await ended('commit');
    await waiting;

    expect(await balances(world)).toEqual([80, 100]);
    await world.untilClean();
  });

  it.each([
    ['the pool', () => world.pool.query(TAKE, [1])],
    ['a connection', () => onConnection((connection) => connection.query(TAKE, [1]))],
    ['a local transaction', () => inTransaction((connection) => connection.query(TAKE, [1]))],
  ])('is taken over through %s, before the clean-up has come', async (_, write) => {
    const { engine } = resourceOf(world.pool) as AtResource;
    const release = jest.spyOn(engine, 'releaseXids');
    const cleanUp = jest.spyOn(engine, 'commitBranches').mockResolvedValue([LATER]);
    const waiting = world.manager.run<unknown>({ name: 'waiter' }, write);

    await ended('commit');
    await waiting;

    expect(release).not.toHaveBeenCalled();
    cleanUp.mockRestore();
    expect(await balances(world)).toEqual([80, 100]);
    await world.untilClean();
  });

  it('is written after the commit by a snapshot that could not see its holder', async () => {
    const waiting = world.manager.run({ name: 'repeatable' }, async () => {
      const connection = await world.pool.getConnection();
      try {
        await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
        await connection.query(TAKE, [1]);
        await connection.query('COMMIT');
      } finally {
        connection.release();
      }
    });

    await ended('commit');
    await waiting;

    expect(await balances(world)).toEqual([80, 100]);
  });

  it.each(['query', 'execute'] as const)(
    'is known by the statements that wait for it, so that further ones queue first: %s',
    async (method) => {
      const { lockWaiter } = resourceOf(world.pool) as AtResource;
      const waiting = world.manager.run({ name: 'waiter' }, () =>
        inTransaction((connection) =>
          method === 'query' ? connection.query(TAKE, [1]) : connection.execute(TAKE, [1]),
        ),
      );
      await until(() => awaitRelease.mock.calls.length > 0);

      const contended = [1, 2].map((id) => lockWaiter.isContended({ text: TAKE, values: [id] }));

      expect(contended).toEqual([true, false]);
      await holder.rollback();
      await waiting;
    },
  );

  it('refuses a writer after lockWaitTimeoutMs, naming table, key and holder', async () => {
    const error: unknown = await takeOne().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(LockConflictError);
    expect(error).toMatchObject({
      code: 'DTX_ERR_RM_LOCK_CONFLICT',
      retryable: true,
      holderXid: holder.xid,
      table: expect.stringContaining('account'),
      key: expect.stringContaining('1'),
      message: expect.stringMatching(/not released within lockWaitTimeoutMs \(400\)/),
    });
    await holder.rollback();
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('refuses a later statement of a local transaction at once', async () => {
    const run = world.manager.run({ name: 'waiter' }, () =>
      inTransaction(async (connection) => {
        await connection.query(TAKE, [2]);
        await connection.query(TAKE, [1]);
      }),
    );

    await expect(run).rejects.toThrow(/DTX_ERR_RM_LOCK_CONFLICT.*already done work.*retryable/);
    await holder.rollback();
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('refuses what follows a refused first statement, and leaves nothing behind', async () => {
    const run = world.manager.run({ name: 'stubborn' }, async () => {
      const connection = await world.pool.getConnection();
      try {
        await connection.query('BEGIN');
        await connection.query(TAKE, [1]).catch(() => undefined);
        await connection.query(TAKE, [2]);
      } finally {
        await connection.query('ROLLBACK');
        connection.release();
      }
    });

    await expect(run).rejects.toThrow(/DTX_ERR_RM_LOCK_CONFLICT/);
    await holder.rollback();
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('is written again by its holder without waiting', async () => {
    await holder.run(() => world.pool.query(TAKE, [1]));
    await holder.commit();

    expect(await balances(world)).toEqual([80, 100]);
  });
});

describeMariadb('a row that is held where the data source is guarded', () => {
  let world: AtMariadbWorld;
  let holder: GlobalTransaction;
  beforeEach(async () => {
    world = await openAtMariadbWorld(undefined, { guard: true });
    holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.pool.query(TAKE, [1]));
  });
  afterEach(() => world.close());

  it('is refused to writers outside of everything, over any connection', async () => {
    for (const pool of [world.plain, world.pool]) {
      await expect(pool.query(TAKE, [1])).rejects.toMatchObject({
        sqlState: '45002',
        sqlMessage: expect.stringContaining(holder.xid),
      });
    }
  });

  it('is written by its holder, and restored', async () => {
    await holder.run(() => world.pool.query(TAKE, [1]));

    await holder.rollback();

    await world.untilClean();
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('leaves other rows to whoever wants them', async () => {
    await world.plain.query(TAKE, [2]);

    expect(await balances(world)).toEqual([90, 90]);
  });
});

describeMariadb('a row that many want', () => {
  it('goes from one to the next, over a pool of one connection', async () => {
    const world = await openAtMariadbWorld(undefined, {
      pool: { connectionLimit: 1 },
      lockWaitTimeoutMs: 10_000,
    });
    const take = (): Promise<unknown> =>
      world.manager.run({ name: 'take' }, () => world.pool.query(TAKE, [1]));

    await Promise.all(Array.from({ length: 10 }, take));

    expect(await balances(world)).toEqual([0, 100]);
    await world.untilClean();
    await world.close();
  });

  it('is kept from nobody by those who met its holder when it was known for that', async () => {
    const world = await openAtMariadbWorld(undefined, { lockWaitTimeoutMs: 8_000 });
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.pool.query(TAKE, [1]));
    const awaitRelease = jest.spyOn(world.manager.client, 'awaitRelease');
    const outsider = await world.plain.getConnection();
    await outsider.query('BEGIN');
    await outsider.query('SELECT * FROM account WHERE id = 1 FOR UPDATE');
    const take = (): Promise<unknown> =>
      world.manager.run({ name: 'take' }, () =>
        inTransactionOf(world, (connection) => connection.query(TAKE, [1])),
      );
    // All of them are at the row before one of them can tell the others who holds it.
    const takers = Promise.all([take(), take(), take()]);
    await until(async () => (await world.rows(WAITING)).length === 3);
    await outsider.query('ROLLBACK');
    outsider.release();
    await until(() => awaitRelease.mock.calls.length > 0);

    await holder.commit();
    await takers;

    expect(await balances(world)).toEqual([60, 100]);
    await world.untilClean();
    await world.close();
  });

  it('keeps exactly the writes of those who committed', async () => {
    const world = await openAtMariadbWorld(undefined, { lockWaitTimeoutMs: 10_000 });
    const take = (index: number): Promise<unknown> =>
      world.manager.run({ name: `take ${index}` }, async () => {
        await world.pool.query(TAKE, [1]);
        if (index % 2 === 1) throw new Error('changed its mind');
      });

    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => take(index)));

    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await balances(world)).toEqual([50, 100]);
    await world.untilClean();
    await world.close();
  });
});
