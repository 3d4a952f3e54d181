import type { Pool } from 'mysql2/promise';
import { createPool } from 'mysql2/promise';

import { dtxMysqlPool } from '../../../lib/resource/driver/mysql2/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { balances, openAtMariadbWorld } from '../../support/at-mariadb-world.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import { openFaultProxy } from '../../support/fault-proxy.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = ?';

/** A client gets the same connection reset in both cases; only the database knows. */
describeMariadb('a local COMMIT of mysql2 whose answer is lost', () => {
  let world: AtMariadbWorld;
  let proxy: FaultProxy;
  let pool: Pool;
  beforeAll(async () => {
    world = await openAtMariadbWorld();
    const url = new URL(world.database.url);
    proxy = await openFaultProxy(Number(url.port));
    url.port = String(proxy.port);
    pool = dtxMysqlPool(createPool(url.href), { resourceId: 'behind-proxy' });
    await world.start(pool);
  });
  afterAll(async () => {
    await pool.end();
    await world.close();
    await proxy.close();
  });
  beforeEach(async () => {
    await world.untilClean();
    await world.plain.query("REPLACE INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)");
  });

  const strike = async (work: () => Promise<unknown>): Promise<number> => {
    const before = proxy.struck;
    await work();
    return proxy.struck - before;
  };

  it('counts as committed when the database has committed', async () => {
    proxy.arm('lose-reply', 'autocommit = 1');

    const struck = await strike(() =>
      world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1])),
    );

    expect(struck).toBe(1);
    expect(await balances(world)).toEqual([90, 100]);
    await world.untilClean();
  });

  it('is still undone with its global transaction when the database has committed', async () => {
    proxy.arm('lose-reply', 'autocommit = 1');

    const struck = await strike(async () => {
      const run = world.manager.run({ name: 'lost' }, async () => {
        await pool.query(TAKE, [1]);
        throw new Error('after the work');
      });
      await expect(run).rejects.toThrow('after the work');
    });

    expect(struck).toBe(1);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('is a failure for good when the database has not committed', async () => {
    proxy.arm('lose-request', 'autocommit = 1');

    const struck = await strike(async () => {
      const run = world.manager.run({ name: 'lost' }, () => pool.query(TAKE, [1]));
      await expect(run).rejects.toThrow(/DTX_ERR_RM_FENCED.*Nothing was written/);
    });

    expect(struck).toBe(1);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it.each([
    ['BEGIN', 'autocommit = 1'],
    ['START TRANSACTION WITH CONSISTENT SNAPSHOT', 'COMMIT'],
  ])('is answered after %s as the driver answers', async (begin, text) => {
    let answer: unknown;
    const struck = await strike(() =>
      world.manager.run({ name: 'lost' }, async () => {
        const connection = await pool.getConnection();
        await connection.query(begin);
        await connection.query(TAKE, [1]);
        proxy.arm('lose-reply', text);
        [answer] = await connection.query('COMMIT');
        connection.release();
      }),
    );

    expect(struck).toBe(1);
    expect(answer).toMatchObject({ affectedRows: 0, serverStatus: 2 });
    expect(await balances(world)).toEqual([90, 100]);
  });

  it('leaves nothing open where the answer to BEGIN comes too late for the driver', async () => {
    const sql = 'START TRANSACTION READ WRITE';
    const release = proxy.hold(sql);
    const connection = await pool.getConnection();
    const begin = world.manager.run({ name: 'late' }, () => {
      const asked = connection.query({ sql, timeout: 20 });
      // Behind the timer of the driver, which is set when the statement is sent.
      setTimeout(release, 200);
      return asked;
    });

    await expect(begin).rejects.toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' });
    const [rows] = await connection.query('SELECT @@in_transaction AS open, @dtx_tag AS tag');
    connection.release();
    expect(rows).toEqual([{ open: 0, tag: null }]);
  });

  it('leaves a lost connection to nobody, and the transaction to its rollback', async () => {
    const struck = await strike(async () => {
      const run = world.manager.run({ name: 'cut' }, async () => {
        const connection = await pool.getConnection();
        try {
          await connection.query('BEGIN');
          await connection.query(TAKE, [1]);
          proxy.arm('lose-request', 'id = 2');
          await connection.query('UPDATE account SET balance = 0 WHERE id = 2');
        } finally {
          connection.release();
        }
      });
      await expect(run).rejects.toThrow(/ECONNRESET|closed/);
    });

    expect(struck).toBe(1);
    expect(await balances(world)).toEqual([100, 100]);
    await world.manager.run({ name: 'next' }, () => pool.query(TAKE, [1]));
    expect(await balances(world)).toEqual([90, 100]);
  });
});
