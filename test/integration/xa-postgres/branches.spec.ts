import type { PoolClient } from 'pg';

import type { XaWorld } from '../../support/xa-world.js';
import { openXaWorld } from '../../support/xa-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';

describe('a pg pool in XA mode', () => {
  let world: XaWorld;
  beforeEach(async () => {
    world = await openXaWorld();
  });
  afterEach(() => world.close());

  const locally = async (work: (client: PoolClient) => Promise<unknown>): Promise<void> => {
    const client = await world.pool.connect();
    try {
      await client.query('BEGIN');
      await work(client);
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  };

  it('works as before outside a global transaction', async () => {
    await locally((client) => client.query(TAKE, [1]));

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('installs nothing in the database', async () => {
    await world.manager.run({ name: 'take' }, () => world.pool.query(TAKE, [1]));

    expect(await world.rows("SELECT nspname FROM pg_namespace WHERE nspname = 'dtx'")).toEqual([]);
    expect(await world.rows('SELECT tgname FROM pg_trigger')).toEqual([]);
  });

  it('commits an autocommit statement as a branch of its own', async () => {
    await world.manager.run({ name: 'take' }, () => world.pool.query(TAKE, [1]));
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('commits two local transactions together', async () => {
    await world.manager.run({ name: 'both' }, async () => {
      await locally((client) => client.query(TAKE, [1]));
      await locally((client) => client.query(TAKE, [2]));
    });
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 90]);
  });

  it('rolls back what was prepared when the global transaction fails', async () => {
    const run = world.manager.run({ name: 'undone' }, async () => {
      await locally((client) => client.query(TAKE, [1]));
      await locally((client) => client.query(TAKE, [2]));
      throw new Error('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    await world.untilClean();
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('answers COMMIT as COMMIT, and shows nobody what is prepared', async () => {
    await world.manager.run({ name: 'hidden' }, async () => {
      const client = await world.pool.connect();
      await client.query('BEGIN');
      await client.query(TAKE, [1]);
      const { command } = await client.query('COMMIT');
      client.release();

      expect(command).toBe('COMMIT');
      expect(await world.balances()).toEqual([100, 100]);
      expect(await world.prepared()).toHaveLength(1);
    });
  });

  it('names what it prepares by prefix, xid, data source and branch', async () => {
    await world.manager.run({ name: 'named' }, async () => {
      await locally((client) => client.query(TAKE, [1]));

      const [gid] = await world.prepared();
      expect(gid).toMatch(/^dtx:[0-9a-f]{40}\|[0-9a-f]{12}:[1-9][0-9]*$/);
    });
  });

  it('keeps what was done before a savepoint that was rolled back to', async () => {
    await world.manager.run({ name: 'savepoint' }, () =>
      locally(async (client) => {
        await client.query(TAKE, [1]);
        await client.query('SAVEPOINT one');
        await client.query(TAKE, [2]);
        await client.query('ROLLBACK TO one');
      }),
    );
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('registers and prepares nothing for a local transaction that only reads', async () => {
    const transaction = await world.manager.begin({ name: 'reader' });
    await transaction.run(() => locally((client) => client.query('SELECT * FROM account')));

    expect(await world.prepared()).toEqual([]);
    expect((await transaction.status()).branches).toEqual([]);
    await transaction.commit();
  });

  it('finds out that a function has written', async () => {
    await world.plain.query(
      `CREATE FUNCTION take(who int) RETURNS int LANGUAGE sql AS
         'UPDATE account SET balance = balance - 10 WHERE id = who RETURNING balance'`,
    );
    await world.manager.run({ name: 'function' }, async () => {
      await world.pool.query('SELECT take(1)');

      expect(await world.prepared()).toHaveLength(1);
    });
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('keeps rows that were only locked until the end', async () => {
    await world.manager.run({ name: 'locked' }, async () => {
      await locally((client) => client.query('SELECT * FROM account WHERE id = 1 FOR UPDATE'));

      const other = world.plain.query('SELECT 1 FROM account WHERE id = 1 FOR UPDATE NOWAIT');
      await expect(other).rejects.toMatchObject({ code: '55P03' });
    });
    await world.untilClean();
  });

  it('prepares nothing before the coordinator knows the branch', async () => {
    const register = world.client.registerBranch.bind(world.client);
    let countBefore = -1;
    const spy = jest.spyOn(world.client, 'registerBranch').mockImplementation(async (request) => {
      await world.rows('SELECT pg_sleep(0.05)');
      countBefore = (await world.prepared()).length;
      await register(request);
    });
    await world.manager.run({ name: 'slow' }, () => world.pool.query(TAKE, [1]));
    await world.untilClean();

    expect(spy).toHaveBeenCalledTimes(1);
    expect(countBefore).toBe(0);
    expect(await world.balances()).toEqual([90, 100]);
  });

  it('prepares nothing when the coordinator refuses the branch', async () => {
    jest.spyOn(world.client, 'registerBranch').mockRejectedValue(new Error('refused'));
    const run = world.manager.run({ name: 'refused' }, () => world.pool.query(TAKE, [1]));

    await expect(run).rejects.toThrow('refused');
    expect(await world.prepared()).toEqual([]);
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('prepares nothing when the rollback has come before', async () => {
    const transaction = await world.manager.begin({ name: 'overtaken' });
    const work = transaction.run(() =>
      locally(async (client) => {
        await client.query(TAKE, [1]);
        await world.client.rollback({ xid: transaction.xid, waitMs: 2_000 });
      }),
    );

    await expect(work).rejects.toMatchObject({ code: 'DTX_ERR_RM_FENCED' });
    expect(await world.prepared()).toEqual([]);
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('lets work under the global lock be as it is', async () => {
    await world.manager.underLock({}, async () => {
      await locally((client) => client.query('SELECT 1 FROM account WHERE id = 1 FOR UPDATE'));
      await world.pool.query(TAKE, [1]);
    });

    expect(await world.prepared()).toEqual([]);
    expect(await world.balances()).toEqual([90, 100]);
  });

  it('refuses the COMMIT of a transaction in which a statement has failed', async () => {
    const transaction = await world.manager.begin({ name: 'failed' });
    const work = transaction.run(() =>
      locally(async (client) => {
        await client.query(TAKE, [1]);
        await client.query('SELECT 1 / 0').catch(() => undefined);
      }),
    );

    await expect(work).rejects.toMatchObject({ code: 'DTX_ERR_RM_LOCAL_COMMIT' });
    expect(await world.prepared()).toEqual([]);
    await transaction.rollback();
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('rolls back locally what the application rolls back, and the rest commits', async () => {
    await world.manager.run({ name: 'part' }, async () => {
      const client = await world.pool.connect();
      await client.query('BEGIN');
      await client.query(TAKE, [1]);
      await client.query('ROLLBACK');
      client.release();
      await world.pool.query(TAKE, [2]);
    });
    await world.untilClean();

    expect(await world.balances()).toEqual([100, 90]);
  });
});
