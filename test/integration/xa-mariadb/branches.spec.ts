import type { PoolConnection } from 'mysql2/promise';

import { describeMariadb } from '../../servers/test-mariadb.js';
import type { XaMariadbWorld } from '../../support/xa-mariadb-world.js';
import { openXaMariadbWorld } from '../../support/xa-mariadb-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = ?';

describeMariadb('a pool of mysql2 in XA mode', () => {
  let world: XaMariadbWorld;
  beforeEach(async () => {
    world = await openXaMariadbWorld();
  });
  afterEach(() => world.close());

  const locally = async (work: (connection: PoolConnection) => Promise<unknown>) => {
    const connection = await world.pool.getConnection();
    try {
      await connection.beginTransaction();
      await work(connection);
      await connection.commit();
    } catch (error) {
      await connection.rollback();
      throw error;
    } finally {
      connection.release();
    }
  };

  it('works as before outside a global transaction', async () => {
    await locally((connection) => connection.query(TAKE, [1]));

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('installs nothing in the database', async () => {
    await world.manager.run({ name: 'take' }, () => world.pool.query(TAKE, [1]));

    expect(await world.rows('SHOW TABLES')).toHaveLength(1);
    expect(await world.rows('SHOW TRIGGERS')).toEqual([]);
  });

  it('commits an autocommit statement as a branch of its own', async () => {
    await world.manager.run({ name: 'take' }, () => world.pool.execute(TAKE, [1]));
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('commits two local transactions together', async () => {
    await world.manager.run({ name: 'both' }, async () => {
      await locally((connection) => connection.query(TAKE, [1]));
      await locally((connection) => connection.query(TAKE, [2]));

      expect(await world.balances()).toEqual([100, 100]);
      expect(await world.prepared()).toHaveLength(2);
    });
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 90]);
  });

  it('rolls back what was prepared when the global transaction fails', async () => {
    const run = world.manager.run({ name: 'undone' }, async () => {
      await locally((connection) => connection.query(TAKE, [1]));
      await locally((connection) => connection.query(TAKE, [2]));
      throw new Error('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    await world.untilClean();
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('gives the connection back to its pool when its branch has ended', async () => {
    const ids = new Set<number>();
    for (let round = 0; round < 3; round += 1) {
      await world.manager.run({ name: 'take' }, () =>
        locally((connection) => {
          ids.add(connection.threadId);
          return connection.query(TAKE, [1]);
        }),
      );
      await world.untilClean();
    }

    expect(ids.size).toBeLessThan(3);
    expect(await world.balances()).toEqual([70, 100]);
  });

  it('keeps what was done before a savepoint that was rolled back to', async () => {
    await world.manager.run({ name: 'savepoint' }, () =>
      locally(async (connection) => {
        await connection.query(TAKE, [1]);
        await connection.query('SAVEPOINT one');
        await connection.query(TAKE, [2]);
        await connection.query('ROLLBACK TO one');
      }),
    );
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('registers and prepares nothing for a local transaction that only reads', async () => {
    const transaction = await world.manager.begin({ name: 'reader' });
    await transaction.run(() => locally((connection) => connection.query('SELECT * FROM account')));

    expect(await world.prepared()).toEqual([]);
    expect((await transaction.status()).branches).toEqual([]);
    await transaction.commit();
  });

  it('rolls back locally what the application rolls back, and the rest commits', async () => {
    await world.manager.run({ name: 'part' }, async () => {
      const connection = await world.pool.getConnection();
      await connection.beginTransaction();
      await connection.query(TAKE, [1]);
      await connection.rollback();
      connection.release();
      await world.pool.query(TAKE, [2]);
    });
    await world.untilClean();

    expect(await world.balances()).toEqual([100, 90]);
  });

  it('lets work under the global lock be as it is', async () => {
    await world.manager.underLock({}, async () => {
      await locally((connection) =>
        connection.query('SELECT 1 FROM account WHERE id = 1 FOR UPDATE'),
      );
      await world.pool.query(TAKE, [1]);
    });

    expect(await world.prepared()).toEqual([]);
    expect(await world.balances()).toEqual([90, 100]);
  });

  it('keeps the isolation level that was set for the local transaction', async () => {
    await world.manager.run({ name: 'isolation' }, async () => {
      const connection = await world.pool.getConnection();
      await connection.query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
      await connection.beginTransaction();
      await connection.query('SELECT * FROM account WHERE id = 2');
      const locked = world.plain.query('SELECT 1 FROM account WHERE id = 2 FOR UPDATE NOWAIT');
      await expect(locked).rejects.toMatchObject({ errno: 1205 });
      await connection.query(TAKE, [1]);
      await connection.commit();
      connection.release();
    });
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('begins no branch for a local transaction that is read only', async () => {
    await world.manager.run({ name: 'read only' }, async () => {
      const connection = await world.pool.getConnection();
      await connection.query('START TRANSACTION READ ONLY');
      await expect(connection.query(TAKE, [1])).rejects.toMatchObject({ errno: 1792 });
      await connection.rollback();
      connection.release();
    });

    expect(await world.prepared()).toEqual([]);
  });

  it('refuses a local transaction that begins with a snapshot', async () => {
    const run = world.manager.run({ name: 'snapshot' }, async () => {
      const connection = await world.pool.getConnection();
      try {
        await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
      } finally {
        connection.release();
      }
    });

    await expect(run).rejects.toMatchObject({ code: 'DTX_ERR_RM_STATEMENT' });
  });

  it('refuses further work on a connection that has prepared, but not reading', async () => {
    const transaction = await world.manager.begin({ name: 'more' });
    await transaction.run(async () => {
      const connection = await world.pool.getConnection();
      await connection.beginTransaction();
      await connection.query(TAKE, [1]);
      await connection.commit();

      await expect(connection.beginTransaction()).rejects.toMatchObject({
        code: 'DTX_ERR_RM_STATEMENT',
        message: expect.stringContaining('take another one') as string,
      });
      await expect(connection.query('SELECT 1')).resolves.toBeDefined();
      connection.release();
    });
    await transaction.commit();
    await world.untilClean();
    expect(await world.balances()).toEqual([90, 100]);
  });
});

describeMariadb('a pool of one connection in XA mode', () => {
  it('does not wait for itself: the branch goes on without its connection', async () => {
    const world = await openXaMariadbWorld({ pool: { connectionLimit: 1 } });
    try {
      await world.manager.run({ name: 'three' }, async () => {
        await Promise.all([world.pool.query(TAKE, [1]), world.pool.query(TAKE, [2])]);
        await world.pool.query('INSERT INTO account VALUES (3, "cid", 0)');

        expect(await world.prepared()).toHaveLength(3);
      });
      await world.untilClean();

      expect(await world.balances()).toEqual([90, 90, 0]);
    } finally {
      await world.close();
    }
  });
});
