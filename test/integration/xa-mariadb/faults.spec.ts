import type { Pool, PoolConnection } from 'mysql2/promise';

import { systemIds } from '../../../lib/system/index.js';
import { dtxMysqlPool } from '../../../lib/resource/driver/mysql2/index.js';
import { resourceOf } from '../../../lib/resource/index.js';
import { scopeOf } from '../../../lib/resource/xa/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import { openFaultProxy } from '../../support/fault-proxy.js';
import { until } from '../../support/until.js';
import type { XaMariadbWorld } from '../../support/xa-mariadb-world.js';
import {
  openXaMariadbWorld,
  preparedOnServer,
  rollBackPrepared,
} from '../../support/xa-mariadb-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = ?';

describeMariadb('an XA PREPARE whose answer is lost', () => {
  let world: XaMariadbWorld;
  let proxy: FaultProxy;
  let pool: Pool;
  beforeEach(async () => {
    world = await openXaMariadbWorld();
    const url = new URL(world.database.url);
    proxy = await openFaultProxy(Number(url.port));
    pool = dtxMysqlPool(world.database.pool({ port: proxy.port, host: '127.0.0.1' }), {
      resourceId: `behind-${world.database.name}`,
      mode: 'XA',
    });
    await world.start(pool);
  });
  afterEach(async () => {
    await pool.end();
    await world.close();
    await proxy.close();
  });

  it('counts as prepared when the database lists it', async () => {
    proxy.arm('lose-reply', 'XA PREPARE');

    await world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));
    await world.untilClean();

    expect(proxy.struck).toBe(1);
    expect(await world.balances()).toEqual([90, 100]);
  });

  it('is a failure for good when the connection dies between XA END and XA PREPARE', async () => {
    proxy.arm('lose-request', 'XA PREPARE');

    const run = world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));

    await expect(run).rejects.toMatchObject({ code: 'DTX_ERR_RM_FENCED' });
    expect(proxy.struck).toBe(1);
    expect(await world.prepared()).toEqual([]);
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('commits once when the answer to XA COMMIT is lost, over another connection', async () => {
    proxy.arm('lose-reply', 'XA COMMIT');

    await world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));
    await world.untilClean();

    expect(proxy.struck).toBe(1);
    expect(await world.balances()).toEqual([90, 100]);
  });

  it('commits over another connection when XA COMMIT has not reached the server', async () => {
    proxy.arm('lose-request', 'XA COMMIT');

    await world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));
    await world.untilClean();

    expect(proxy.struck).toBe(1);
    expect(await world.balances()).toEqual([90, 100]);
  });
});

describeMariadb('a branch that MariaDB has prepared', () => {
  let world: XaMariadbWorld;
  beforeEach(async () => {
    world = await openXaMariadbWorld({ xaScanIntervalMs: 50 });
  });
  afterEach(() => world.close());

  const prepareOn = async (connection: PoolConnection): Promise<void> => {
    await connection.beginTransaction();
    await connection.query(TAKE, [1]);
    await connection.commit();
  };

  it('survives the end of the connection that has prepared it', async () => {
    await world.manager.run({ name: 'killed' }, async () => {
      const connection = await world.pool.getConnection();
      await prepareOn(connection);
      await world.plain.query(`KILL ${String(connection.threadId)}`);
      connection.release();
    });
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('keeps its connection away from reset and changeUser', async () => {
    const transaction = await world.manager.begin({ name: 'reset' });
    await transaction.run(async () => {
      const connection = await world.pool.getConnection();
      await prepareOn(connection);

      await expect(connection.changeUser({})).rejects.toMatchObject({
        code: 'DTX_ERR_RM_STATEMENT',
      });
      connection.release();
    });
    await transaction.commit();
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('is finished before a pool with resetOnRelease resets its connection', async () => {
    await world.close();
    world = await openXaMariadbWorld({
      pool: { resetOnRelease: true },
    });
    for (let round = 0; round < 3; round += 1) {
      await world.manager.run({ name: 'reset' }, async () => {
        const connection = await world.pool.getConnection();
        await prepareOn(connection);
        connection.release();
      });
      await world.untilClean();
    }

    expect(await world.balances()).toEqual([70, 100]);
  });

  it('is rolled back with the local transaction of a pool that takes it back open', async () => {
    await world.manager
      .run({ name: 'open' }, async () => {
        const connection = await world.pool.getConnection();
        await connection.beginTransaction();
        await connection.query(TAKE, [1]);
        connection.release();
      })
      .catch(() => undefined);

    expect(await world.prepared()).toEqual([]);
    await world.manager.run({ name: 'next' }, () => world.pool.query(TAKE, [2]));
    await world.untilClean();
    expect(await world.balances()).toEqual([100, 90]);
  });

  it('rolls back after a deadlock, and leaves a connection that can be used', async () => {
    const [first, second] = await Promise.all([
      world.pool.getConnection(),
      world.plain.getConnection(),
    ]);
    const transaction = await world.manager.begin({ name: 'deadlock' });
    await second.beginTransaction();
    await second.query('UPDATE account SET balance = 0 WHERE id = 2');
    await second.query("INSERT INTO account VALUES (8, 'x', 0), (9, 'x', 0)");
    const work = transaction.run(async () => {
      await first.beginTransaction();
      await first.query(TAKE, [1]);
      const blocked = first.query(TAKE, [2]);
      blocked.catch(() => undefined);
      await until(async () => {
        const waits = await world.rows(
          `SELECT 1 FROM information_schema.innodb_trx
            WHERE trx_state = 'LOCK WAIT' AND trx_mysql_thread_id = ${String(first.threadId)}`,
        );
        return waits.length > 0;
      });
      await second.query(TAKE, [1]);
      await blocked;
    });

    await expect(work).rejects.toMatchObject({ errno: 1213 });
    await first.rollback();
    first.release();
    await second.rollback();
    second.release();
    await transaction.rollback();
    await world.manager.run({ name: 'next' }, () => world.pool.query(TAKE, [2]));
    await world.untilClean();
    expect(await world.balances()).toEqual([100, 90]);
  });

  it('is busy, and not over, for another process while its connection lives', async () => {
    const owner = await world.plain.getConnection();
    const transaction = await world.manager.begin({ name: 'elsewhere' });
    const branchId = systemIds.newBranchId();
    const { xid } = transaction;
    const resourceId = String(resourceOf(world.pool)?.resourceIdFor('shop'));
    const name = `'dtx:${xid}','${scopeOf(resourceId)}:${branchId}'`;
    await world.client.registerBranch({
      xid,
      branchId,
      type: 'XA',
      resourceId: `${resourceId}/xa`,
      applicationId: 'shop',
    });
    await owner.query(`XA START ${name}`);
    await owner.query(TAKE, [1]);
    await owner.query(`XA END ${name}`);
    await owner.query(`XA PREPARE ${name}`);

    await transaction.commit().catch(() => undefined);
    await until(async () => {
      const [branch] = (await transaction.status()).branches;
      return /lives in another process/.test(branch?.lastError ?? '');
    });
    expect(await world.prepared()).toHaveLength(1);

    owner.destroy();
    await world.untilClean();
    expect(await world.balances()).toEqual([90, 100]);
  });

  it('is ended by the recovery scan once its process is gone, foreign ones are not', async () => {
    const resourceId = String(resourceOf(world.pool)?.resourceIdFor('shop'));
    const [xid, branchId] = [systemIds.newXid(), systemIds.newBranchId()];
    await world.client.begin({ xid, name: 'gone', applicationId: 'shop', timeoutMs: 60_000 });
    await world.client.registerBranch({
      xid,
      branchId,
      type: 'XA',
      resourceId: 'elsewhere/xa',
      applicationId: 'shop',
    });
    const ours = `'dtx:${xid}','${scopeOf(resourceId)}:${branchId}'`;
    const foreign = `'dtx:${xid}','${scopeOf('other')}:${branchId}'`;
    for (const [id, name] of [ours, foreign].entries()) {
      const owner = await world.plain.getConnection();
      await owner.query(`XA START ${name}`);
      await owner.query(TAKE, [id + 1]);
      await owner.query(`XA END ${name}`);
      await owner.query(`XA PREPARE ${name}`);
      owner.destroy();
    }

    await world.client.commit({ xid, waitMs: 0 });
    try {
      await world.untilClean();

      expect(await preparedOnServer(world.plain)).toContain(foreign);
      expect(await world.balances()).toEqual([90, 100]);
    } finally {
      await rollBackPrepared(world.plain, foreign);
    }
  });

  it('P17: an orphan is rolled back once it was seen for longer than the horizon', async () => {
    await world.close();
    world = await openXaMariadbWorld({ xaScanIntervalMs: 50, xaHorizonMs: 300 });
    const resourceId = String(resourceOf(world.pool)?.resourceIdFor('shop'));
    const name = `'dtx:${systemIds.newXid()}','${scopeOf(resourceId)}:7'`;
    const owner = await world.plain.getConnection();
    await owner.query(`XA START ${name}`);
    await owner.query(TAKE, [1]);
    await owner.query(`XA END ${name}`);
    await owner.query(`XA PREPARE ${name}`);
    owner.destroy();
    await world.untilClean();

    expect(await world.balances()).toEqual([100, 100]);
    expect(world.logged.join('\n')).toMatch(/\(absent\): rollback by the recovery scan/);
  });

  it('is left to others when its resource stops, and ended after the next start', async () => {
    const resource = resourceOf(world.pool);
    const transaction = await world.manager.begin({ name: 'stopped' });
    await transaction.run(() => world.pool.query(TAKE, [1]));
    await resource?.stop();
    await transaction.commit().catch(() => undefined);
    expect(await world.balances()).toEqual([100, 100]);

    await world.start(world.pool);
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('needs attention when somebody has ended it by hand', async () => {
    const transaction = await world.manager.begin({ name: 'heuristic' });
    await transaction.run(async () => {
      const connection = await world.pool.getConnection();
      await prepareOn(connection);
      await world.plain.query(`KILL ${String(connection.threadId)}`);
      const [name] = await world.prepared();
      await rollBackPrepared(world.plain, String(name));
      connection.release();
    });

    await transaction.commit().catch(() => undefined);
    await until(async () => {
      const [branch] = (await transaction.status()).branches;
      return branch?.status === 'needs-attention';
    });
    const [branch] = (await transaction.status()).branches;

    expect(branch?.lastError).toMatch(/by hand/);
  });
});
