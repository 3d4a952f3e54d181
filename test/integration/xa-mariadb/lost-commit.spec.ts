import { dtxMysqlPool } from '../../../lib/resource/driver/mysql2/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import { openFaultProxy } from '../../support/fault-proxy.js';
import { until } from '../../support/until.js';
import { openXaMariadbWorld } from '../../support/xa-mariadb-world.js';

describeMariadb('an XA COMMIT whose answer is lost', () => {
  it('has ended the branch itself, so that nobody is asked whether it was by hand', async () => {
    const world = await openXaMariadbWorld();
    const proxy = await openFaultProxy(Number(new URL(world.database.url).port));
    const pool = dtxMysqlPool(world.database.pool({ port: proxy.port, host: '127.0.0.1' }), {
      resourceId: `lost-${world.database.name}`,
      mode: 'XA',
    });
    await world.start(pool);
    const transaction = await world.manager.begin({ name: 'lost' });
    await transaction.run(() => pool.query('UPDATE account SET balance = 90 WHERE id = 1'));

    proxy.arm('lose-reply', 'XA COMMIT');
    await transaction.commit();
    await until(async () => {
      const { status, branches } = await transaction.status();
      return status === 'committed' || branches[0]?.status === 'needs-attention';
    });

    const { branches } = await transaction.status();
    expect(proxy.struck).toBe(1);
    expect(branches.map(({ status }) => status)).toEqual(['done']);
    expect(await world.prepared()).toEqual([]);
    await pool.end();
    await world.close();
    await proxy.close();
  });
});
