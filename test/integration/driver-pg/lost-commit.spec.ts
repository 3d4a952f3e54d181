import pg from 'pg';

import { dtxPool } from '../../../lib/resource/driver/pg/index.js';
import type { AtWorld } from '../../support/at-world.js';
import { balances, openAtWorld } from '../../support/at-world.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import { openFaultProxy } from '../../support/fault-proxy.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';

/** A client gets the same connection reset in both cases; only the database knows. */
describe('a local COMMIT whose answer is lost', () => {
  let world: AtWorld;
  let proxy: FaultProxy;
  let pool: pg.Pool;
  beforeEach(async () => {
    world = await openAtWorld();
    const url = new URL(world.database.url);
    proxy = await openFaultProxy(Number(url.port));
    url.port = String(proxy.port);
    pool = dtxPool(new pg.Pool({ connectionString: url.href }), { resourceId: 'behind-proxy' });
    pool.on('error', () => undefined);
    await world.start(pool);
  });
  afterEach(async () => {
    await pool.end();
    await world.close();
    await proxy.close();
  });

  it('counts as committed when the database has committed', async () => {
    proxy.arm('lose-reply', 'COMMIT');

    await world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));

    expect(proxy.struck).toBe(1);
    expect(await balances(world)).toEqual([90, 100]);
    await world.untilClean();
  });

  it('is still undone with its global transaction when the database has committed', async () => {
    proxy.arm('lose-reply', 'COMMIT');

    const run = world.manager.run({ name: 'lost' }, async () => {
      await pool.query(TAKE, [1]);
      throw new Error('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    expect(proxy.struck).toBe(1);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('is a failure for good when the database has not committed', async () => {
    proxy.arm('lose-request', 'COMMIT');

    const run = world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));

    await expect(run).rejects.toThrow(/DTX_ERR_RM_FENCED.*Nothing was written/);
    expect(proxy.struck).toBe(1);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('is answered for an explicit transaction too', async () => {
    proxy.arm('lose-reply', 'COMMIT');

    await world.manager.run({ name: 'lost' }, async () => {
      const client = await pool.connect();
      client.on('error', () => undefined);
      await client.query('BEGIN');
      await client.query(TAKE, [1]);
      await client.query('COMMIT');
      client.release();
    });

    expect(proxy.struck).toBe(1);
    expect(await balances(world)).toEqual([90, 100]);
  });
});
