import type { PoolConnection, RowDataPacket } from 'mysql2/promise';
import { currentXid } from 'nestjs-dtx';

import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { balances, openAtMariadbWorld } from '../../support/at-mariadb-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = ?';

const QUESTIONS = `
SELECT variable_value AS count FROM information_schema.session_status
WHERE variable_name = 'QUESTIONS'`;

type Query = (text: string, callback: (answer: unknown) => void) => unknown;

interface Streaming {
  query(sql: string): { stream(): AsyncIterable<unknown> };
}

describeMariadb('BEGIN over mysql2, on a connection that nobody else has used meanwhile', () => {
  let world: AtMariadbWorld;
  beforeAll(async () => {
    world = await openAtMariadbWorld(undefined, { pool: { connectionLimit: 1 } });
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.untilClean();
    await world.plain.query("REPLACE INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)");
  });

  /** In a global transaction, behind a local one that has made sure of the connection. */
  const behindAnother = <T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> =>
    world.manager.run({ name: 'behind another' }, async () => {
      const connection = await world.pool.getConnection();
      try {
        await connection.beginTransaction();
        await connection.query('SELECT 1');
        await connection.commit();
        return await work(connection);
      } finally {
        connection.release();
      }
    });

  const questions = async (connection: PoolConnection): Promise<number> => {
    const [rows] = await connection.query<RowDataPacket[]>(QUESTIONS);
    return Number(rows[0]?.['count']);
  };

  it('is not met by those who listen to the pool, who are outside', async () => {
    const seen: unknown[] = [];
    const listen = (): void => {
      seen.push(currentXid());
    };
    await world.pool.query('SELECT 1');
    world.pool.on('acquire', listen);

    await behindAnother((connection) => connection.query(TAKE, [1]));

    world.pool.removeListener('acquire', listen);
    expect(seen).toEqual([undefined]);
  });

  it.each(['commit', 'rollback'] as const)(
    'is not sent where nothing comes before %s()',
    async (end) => {
      const sent = await behindAnother(async (connection) => {
        await connection.beginTransaction();
        const before = await questions(connection);
        await connection.commit();
        await connection.beginTransaction();
        await connection[end]();
        await connection.beginTransaction();
        const after = await questions(connection);
        await connection.commit();
        return after - before;
      });

      const committed = 1;
      const begunAndAsked = 2;
      expect(sent).toBe(committed + begunAndAsked);
    },
  );

  it('comes before the first statement, and its mark too', async () => {
    const run = behindAnother(async (connection) => {
      await connection.beginTransaction();
      await connection.query(TAKE, [1]);
      expect(await balances(world)).toEqual([100, 100]);
      await connection.commit();
      expect(await balances(world)).toEqual([90, 100]);
      throw new Error('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('comes before a stream that is the first to read', async () => {
    const rows = await behindAnother(async (connection) => {
      await connection.beginTransaction();
      const core = connection.connection as unknown as Streaming;
      const found: unknown[] = [];
      for await (const row of core.query('SELECT @@autocommit AS auto').stream()) found.push(row);
      await connection.rollback();
      return found;
    });

    expect(rows).toEqual([{ auto: 0 }]);
  });

  it('finds at once what the application has opened outside', async () => {
    await behindAnother(() => Promise.resolve());
    const connection = await world.pool.getConnection();
    await connection.query('BEGIN');
    await connection.query(TAKE, [2]);

    const begin = world.manager.run({ name: 'inside' }, () => connection.query('BEGIN'));

    await expect(begin).rejects.toMatchObject({ code: 'DTX_ERR_RM_LOCAL_OPEN' });
    await connection.query('ROLLBACK');
    connection.release();
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('finds at once what a COMMIT has opened again', async () => {
    await world.pool.query("SET completion_type = 'CHAIN'");
    const run = behindAnother(async (connection) => {
      await connection.query('START TRANSACTION READ ONLY');
      await connection.query('COMMIT');
      await connection.query('BEGIN').finally(() => connection.query('ROLLBACK AND NO CHAIN'));
    });

    await expect(run).rejects.toMatchObject({ code: 'DTX_ERR_RM_LOCAL_OPEN' });
    await world.pool.query('ROLLBACK AND NO CHAIN');
    await world.pool.query('SET completion_type = DEFAULT');
  });

  it('gives a connection up on which something was opened past the pool', async () => {
    const run = behindAnother(async (connection) => {
      const core = connection.connection as unknown as object;
      const { query } = Object.getPrototypeOf(core) as { query: Query };
      for (const text of ['BEGIN', 'UPDATE account SET balance = 0 WHERE id = 2']) {
        await new Promise((resolve) => query.call(core, text, resolve));
      }
      await connection.beginTransaction();
      await connection.query(TAKE, [1]);
    });

    await expect(run).rejects.toMatchObject({ code: 'DTX_ERR_RM_LOCAL_OPEN' });
    expect(await balances(world)).toEqual([100, 100]);
    await world.manager.run({ name: 'next' }, () => world.pool.query(TAKE, [1]));
    expect(await balances(world)).toEqual([90, 100]);
  });

  it('fails with the first statement on a lost connection, and nothing is written', async () => {
    const failures: unknown[] = [];
    const run = behindAnother(async (connection) => {
      await connection.beginTransaction();
      await world.plain.query(`KILL CONNECTION ${String(connection.threadId)}`);
      for (const text of [TAKE, TAKE, 'COMMIT']) {
        await connection.query(text, [1]).catch((error: unknown) => failures.push(error));
      }
      await connection.rollback().catch(() => undefined);
      throw new Error('it is gone');
    });

    await expect(run).rejects.toThrow('it is gone');
    expect(failures).toHaveLength(3);
    expect(await balances(world)).toEqual([100, 100]);
    await world.manager.run({ name: 'next' }, () => world.pool.query(TAKE, [1]));
    expect(await balances(world)).toEqual([90, 100]);
  });
});
