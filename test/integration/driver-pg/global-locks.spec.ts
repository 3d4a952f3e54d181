import type { PoolClient } from 'pg';

import type { GlobalTransaction } from '../../../lib/transaction/index.js';
import { LockConflictError } from '../../../lib/protocol/index.js';
import type { AtWorld } from '../../support/at-world.js';
import { balances, openAtWorld } from '../../support/at-world.js';
import { until } from '../../support/until.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';
const LOCK_WAIT_TIMEOUT_MS = 400;

const UNIQUE_OWNER = `
  CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL UNIQUE, balance int NOT NULL);
  INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)`;

describe('a row that another global transaction holds', () => {
  let world: AtWorld;
  let holder: GlobalTransaction;
  let awaitRelease: jest.SpyInstance;
  beforeEach(async () => {
    world = await openAtWorld(undefined, { lockWaitTimeoutMs: LOCK_WAIT_TIMEOUT_MS });
    holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.pool.query(TAKE, [1]));
    awaitRelease = jest.spyOn(world.manager.client, 'awaitRelease');
  });
  afterEach(() => world.close());

  const takeOne = (): Promise<unknown> =>
    world.manager.run({ name: 'waiter' }, () => world.pool.query(TAKE, [1]));

  const inTransaction = async (work: (client: PoolClient) => Promise<unknown>): Promise<void> => {
    const client = await world.pool.connect();
    try {
      await client.query('BEGIN');
      await work(client);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
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
      inTransaction((client) => client.query(TAKE, [1])),
    );

    await ended('commit');
    await waiting;

    expect(await balances(world)).toEqual([80, 100]);
    await world.untilClean();
  });

  it('is written after the commit by a snapshot that could not see its holder', async () => {
    const waiting = world.manager.run({ name: 'repeatable' }, async () => {
      const client = await world.pool.connect();
      try {
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
        await client.query(TAKE, [1]);
        await client.query('COMMIT');
      } finally {
        client.release();
      }
    });

    await ended('commit');
    await waiting;

    expect(await balances(world)).toEqual([80, 100]);
  });

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
      inTransaction(async (client) => {
        await client.query(TAKE, [2]);
        await client.query(TAKE, [1]);
      }),
    );

    await expect(run).rejects.toThrow(/DTX_ERR_RM_LOCK_CONFLICT.*already done work.*retryable/);
    await holder.rollback();
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('refuses what follows a refused first statement, and leaves nothing behind', async () => {
    const run = world.manager.run({ name: 'stubborn' }, async () => {
      const client = await world.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(TAKE, [1]).catch(() => undefined);
        await client.query(TAKE, [2]);
      } finally {
        await client.query('ROLLBACK');
        client.release();
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

describe('a row that many want', () => {
  it('goes from one to the next, over a pool of one connection', async () => {
    const world = await openAtWorld(undefined, { poolSize: 1, lockWaitTimeoutMs: 10_000 });
    const take = (): Promise<unknown> =>
      world.manager.run({ name: 'take' }, () => world.pool.query(TAKE, [1]));

    await Promise.all(Array.from({ length: 10 }, take));

    expect(await balances(world)).toEqual([0, 100]);
    await world.untilClean();
    await world.close();
  });

  it('goes on where each of them changes a unique value as well', async () => {
    const world = await openAtWorld(UNIQUE_OWNER, { lockWaitTimeoutMs: 10_000 });
    const rename = (name: string): Promise<unknown> =>
      world.manager.run({ name: 'rename' }, () =>
        world.pool.query('UPDATE account SET owner = $2, balance = balance - 10 WHERE id = $1', [
          1,
          name,
        ]),
      );

    await Promise.all(['a', 'b', 'a', 'c', 'a', 'b', 'd', 'a'].map(rename));

    expect(await balances(world)).toEqual([20, 100]);
    await world.untilClean();
    await world.close();
  });

  it('keeps exactly the writes of those who committed', async () => {
    const world = await openAtWorld(undefined, { lockWaitTimeoutMs: 10_000 });
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
