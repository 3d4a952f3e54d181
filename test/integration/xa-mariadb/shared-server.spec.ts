import type { Pool } from 'mysql2/promise';

import { dtxMysqlPool } from '../../../lib/resource/driver/mysql2/index.js';
import type { GlobalTransaction } from '../../../lib/transaction/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { XaMariadbWorld } from '../../support/xa-mariadb-world.js';
import { openXaMariadbWorld, preparedOnServer } from '../../support/xa-mariadb-world.js';

describeMariadb('The world of one test, on a server where another test prepares too', () => {
  let world: XaMariadbWorld;
  let other: XaMariadbWorld;
  beforeEach(async () => {
    world = await openXaMariadbWorld();
    other = await openXaMariadbWorld();
  });
  afterEach(async () => {
    await world.close();
    await other.close();
  });

  /** Its connection is gone, so that the server lets anybody end it. */
  const prepare = async (
    { manager, plain }: XaMariadbWorld,
    pool: Pool,
  ): Promise<GlobalTransaction> => {
    const transaction = await manager.begin({ name: 'prepared' });
    await transaction.run(async () => {
      const connection = await pool.getConnection();
      await connection.beginTransaction();
      await connection.query('UPDATE account SET balance = 90 WHERE id = 1');
      await connection.commit();
      await plain.query(`KILL ${String(connection.threadId)}`);
      connection.release();
    });
    return transaction;
  };

  it('neither shows nor waits for what the other has prepared', async () => {
    await prepare(other, other.pool);

    expect(await world.prepared()).toEqual([]);
    await world.untilClean();
    expect(await other.prepared()).toHaveLength(1);
  });

  it('shows what each of its own data sources has prepared', async () => {
    const second = dtxMysqlPool(world.database.pool(), {
      resourceId: `second-${world.database.name}`,
      mode: 'XA',
    });
    await world.start(second);

    const { xid } = await prepare(world, second);

    expect(await world.prepared()).toEqual([expect.stringContaining(xid)]);
  });

  it('rolls back its own when it closes, and leaves that of the other to commit', async () => {
    const closing = await openXaMariadbWorld();
    const { xid } = await prepare(closing, closing.pool);
    const transaction = await prepare(other, other.pool);

    await closing.close();

    const left = await preparedOnServer(other.plain);
    expect(left.filter((name) => name.includes(xid))).toEqual([]);
    await transaction.commit();
    await other.untilClean();
    expect(await other.balances()).toEqual([90, 100]);
  });
});
