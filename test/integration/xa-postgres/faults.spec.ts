import pg from 'pg';

import { dtxPool } from '../../../lib/resource/driver/pg/index.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import { openFaultProxy } from '../../support/fault-proxy.js';
import { until } from '../../support/until.js';
import type { XaWorld } from '../../support/xa-world.js';
import { openXaWorld } from '../../support/xa-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';

describe('a PREPARE TRANSACTION whose answer is lost', () => {
  let world: XaWorld;
  let proxy: FaultProxy;
  let pool: pg.Pool;
  beforeEach(async () => {
    world = await openXaWorld();
    const url = new URL(world.database.url);
    proxy = await openFaultProxy(Number(url.port));
    url.port = String(proxy.port);
    pool = dtxPool(new pg.Pool({ connectionString: url.href }), {
      resourceId: 'behind-proxy',
      mode: 'XA',
    });
    pool.on('error', () => undefined);
    await world.start(pool);
  });
  afterEach(async () => {
    await pool.end();
    await world.close();
    await proxy.close();
  });

  it('counts as prepared when the database lists it', async () => {
    proxy.arm('lose-reply', 'PREPARE TRANSACTION');

    await world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));
    await world.untilClean();

    expect(proxy.struck).toBe(1);
    expect(await world.balances()).toEqual([90, 100]);
  });

  it('is a failure for good when the database does not, and its session is gone', async () => {
    proxy.arm('lose-request', 'PREPARE TRANSACTION');

    const run = world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));

    await expect(run).rejects.toMatchObject({ code: 'DTX_ERR_RM_FENCED' });
    expect(proxy.struck).toBe(1);
    expect(await world.prepared()).toEqual([]);
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('commits once when the answer to COMMIT PREPARED is lost', async () => {
    proxy.arm('lose-reply', 'COMMIT PREPARED');

    await world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));
    await world.untilClean();

    expect(proxy.struck).toBe(1);
    expect(await world.balances()).toEqual([90, 100]);
  });
});

describe('a branch that PostgreSQL has prepared', () => {
  let world: XaWorld;
  beforeEach(async () => {
    world = await openXaWorld({ xaScanIntervalMs: 20 });
  });
  afterEach(() => world.close());

  it('survives the end of the connection that has prepared it', async () => {
    await world.manager.run({ name: 'killed' }, async () => {
      const client = await world.pool.connect();
      client.on('error', () => undefined);
      await client.query('BEGIN');
      await client.query(TAKE, [1]);
      await client.query('COMMIT');
      const { processID } = client as unknown as { processID: number };
      await world.plain.query('SELECT pg_terminate_backend($1)', [processID]);
      client.release(true);
    });
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  /** By hand is slow: the recovery scan has met the branch before. */
  const byHand = async (xid: string, verb: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    const status = jest.spyOn(world.client, 'status');
    await until(() => status.mock.calls.some(([request]) => request.xid === xid));
    status.mockRestore();
    await world.plain.query(`${verb} PREPARED '${String((await world.prepared())[0])}'`);
  };

  const outcomeOf = async (xid: string) => (await world.manager.status(xid)).branches[0];

  it('needs attention when somebody has rolled it back by hand before the commit', async () => {
    const transaction = await world.manager.begin({ name: 'heuristic' });
    await transaction.run(async () => {
      await world.pool.query(TAKE, [1]);
      await byHand(transaction.xid, 'ROLLBACK');
    });

    await transaction.commit().catch(() => undefined);
    await until(async () => (await outcomeOf(transaction.xid))?.status === 'needs-attention');
    const branch = await outcomeOf(transaction.xid);

    expect(branch?.lastError).toMatch(/heuristic rollback.*by hand/);
  });

  it('needs attention when somebody has committed it by hand before the rollback', async () => {
    const transaction = await world.manager.begin({ name: 'heuristic' });
    await transaction.run(async () => {
      await world.pool.query(TAKE, [1]);
      await byHand(transaction.xid, 'COMMIT');
    });

    void transaction.rollback();
    await until(async () => (await outcomeOf(transaction.xid))?.status === 'needs-attention');
    const branch = await outcomeOf(transaction.xid);

    expect(branch?.lastError).toMatch(/heuristic commit.*by hand/);
  });

  it('is no heuristic outcome when somebody has ended it by hand the right way', async () => {
    const transaction = await world.manager.begin({ name: 'helped' });
    await transaction.run(async () => {
      await world.pool.query(TAKE, [1]);
      await byHand(transaction.xid, 'COMMIT');
    });

    await transaction.commit();
    await until(async () => (await outcomeOf(transaction.xid))?.status === 'done');

    expect(await world.balances()).toEqual([90, 100]);
  });
});

describe('slots of a data source in XA mode', () => {
  it('refuse a branch before it has done anything, retryably, when all stay taken', async () => {
    const world = await openXaWorld({ xaSlots: 1, lockWaitTimeoutMs: 100 });
    try {
      const holder = await world.manager.begin({ name: 'holder' });
      await holder.run(() => world.pool.query(TAKE, [1]));

      const second = world.manager.run({ name: 'second' }, () => world.pool.query(TAKE, [2]));
      await expect(second).rejects.toMatchObject({
        code: 'DTX_ERR_RM_XA_SLOTS',
        retryable: true,
        slots: 1,
      });

      await holder.commit();
      await world.untilClean();
      expect(await world.balances()).toEqual([90, 100]);
    } finally {
      await world.close();
    }
  });

  it('let the next one on when a branch has ended', async () => {
    const world = await openXaWorld({ xaSlots: 1, lockWaitTimeoutMs: 5_000 });
    try {
      const take = (id: number): Promise<unknown> =>
        world.manager.run({ name: 'take' }, () => world.pool.query(TAKE, [id]));
      await Promise.all([take(1), take(2), take(1), take(2)]);
      await world.untilClean();
      await take(1);
      await world.untilClean();
      await take(2);
      await world.untilClean();

      expect(await world.balances()).toEqual([70, 70]);
    } finally {
      await world.close();
    }
  });
});
