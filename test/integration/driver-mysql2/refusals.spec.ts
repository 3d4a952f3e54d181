import type { PoolConnection } from 'mysql2/promise';
import { createPool } from 'mysql2/promise';

import { dtxMysqlPool } from '../../../lib/resource/driver/mysql2/index.js';
import { runInContext } from '../../../lib/transaction/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { ACCOUNT, balances, openAtMariadbWorld } from '../../support/at-mariadb-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = ?';

const SCHEMA = [...ACCOUNT, 'CREATE TABLE journal (line text)'];

describeMariadb('inside a global transaction, over mysql2', () => {
  let world: AtMariadbWorld;
  beforeAll(async () => {
    world = await openAtMariadbWorld(SCHEMA);
  });
  afterAll(() => world.close());

  const run = <T>(work: () => Promise<T>): Promise<T> =>
    world.manager.run({ name: 'refused' }, work);

  const withConnection = async <T>(
    work: (connection: PoolConnection) => Promise<T>,
  ): Promise<T> => {
    const connection = await world.pool.getConnection();
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  };

  it.each([
    ['TRUNCATE account', /TRUNCATE is refused inside global transaction .*DELETE FROM/],
    ['CREATE TABLE other (id int)', /CREATE TABLE is refused.*migration/],
    ['ALTER TABLE account ADD note text', /ALTER TABLE is refused.*migration/],
    ['DROP TABLE account', /DROP TABLE is refused.*migration/],
    ["LOAD DATA INFILE 'x' INTO TABLE account", /LOAD DATA is refused.*Use INSERT/],
    ['LOCK TABLES account WRITE', /LOCK TABLES is refused/],
    ["XA START 'x'", /XA START is refused.*XA mode/],
    ['SET autocommit = 0', /SET of autocommit.*is refused.*START TRANSACTION/],
    ['SET @dtx_tag = NULL', /names @dtx_ variables is refused/],
    ['BEGIN; DELETE FROM account; COMMIT', /in one text with other statements is refused/],
    ['/*!50000 DELETE FROM account */', /executable comment is refused/],
  ])('%s is refused with a sentence, and changes nothing', async (sql, message) => {
    await expect(run(() => world.pool.query(sql))).rejects.toThrow(message);
    await expect(run(() => world.pool.query(sql))).rejects.toMatchObject({
      code: 'DTX_ERR_RM_STATEMENT',
    });
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('a refused statement leaves its local transaction usable', async () => {
    await run(() =>
      withConnection(async (connection) => {
        await connection.beginTransaction();
        await expect(connection.query('TRUNCATE account')).rejects.toThrow(/TRUNCATE is refused/);
        await connection.query('UPDATE account SET balance = balance WHERE id = 1');
        await connection.commit();
      }),
    );

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('a write to a table without primary key is refused, naming the table', async () => {
    const write = run(() => world.pool.query("INSERT INTO journal VALUES ('x')"));

    await expect(write).rejects.toThrow(/DTX_ERR_RM_TABLE.*journal.*primary key/i);
    expect(await world.rows('SELECT * FROM journal')).toEqual([]);
  });

  it.each(['BEGIN', 'SET autocommit = 0'])(
    'a write in a local transaction that was opened before by %s is refused, and stays whole',
    async (begin) => {
      await withConnection(async (connection) => {
        await connection.query(begin);
        await connection.query(TAKE, [2]);

        await expect(run(() => connection.query(TAKE, [1]))).rejects.toThrow(
          /DTX_ERR_RM_LOCAL_OPEN.*opened before global transaction/,
        );
        await expect(run(() => connection.query('BEGIN'))).rejects.toThrow(/DTX_ERR_RM_LOCAL_OPEN/);
        expect(await balances(world)).toEqual([100, 100]);
        await connection.query('ROLLBACK');
        await connection.query('SET autocommit = 1');
      });

      expect(await balances(world)).toEqual([100, 100]);
    },
  );

  it('a write after the end is refused, and a read is answered', async () => {
    const transaction = await world.manager.begin({ name: 'ended' });
    await transaction.commit();

    const write = runInContext(transaction, () => world.pool.query(TAKE, [1]));

    await expect(write).rejects.toThrow(/DTX_ERR_TM_FINISHED.*UPDATE on bank came after/);
    const [rows] = await runInContext(transaction, () => world.pool.query('SELECT 1 AS one'));
    expect(rows).toEqual([{ one: 1 }]);
  });

  it('an emitter that writes is refused, and one that reads streams its rows', async () => {
    await run(() =>
      withConnection(async ({ connection }) => {
        expect(() => connection.query(TAKE, [1])).toThrow(/UPDATE without a promise or a callback/);
        expect(() => connection.execute(TAKE, [1])).toThrow(/without a promise or a callback/);
        expect(() => world.pool.pool.query(TAKE, [1])).toThrow(/without a promise or a callback/);
        const rows: unknown[] = [];
        const core = connection as unknown as {
          query(sql: string): { stream(): AsyncIterable<unknown> };
        };
        const stream = core.query('SELECT id FROM account ORDER BY id').stream();
        for await (const row of stream) rows.push(row);
        expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
      }),
    );
  });

  it('a stream waits for what was sent before it', async () => {
    const rows = await run(() =>
      withConnection(async ({ connection }) => {
        const core = connection as unknown as {
          query(sql: string, callback?: () => void): { stream(): AsyncIterable<unknown> };
        };
        core.query('BEGIN', () => undefined);
        core.query('UPDATE account SET balance = 7 WHERE id = 1', () => undefined);
        const found: unknown[] = [];
        const stream = core.query('SELECT balance FROM account WHERE id = 1').stream();
        for await (const row of stream) found.push(row);
        await new Promise<void>((resolve) => {
          core.query('ROLLBACK', resolve);
        });
        return found;
      }),
    );

    expect(rows).toEqual([{ balance: 7 }]);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('changeUser() and reset() are refused while a local transaction is open', async () => {
    await run(() =>
      withConnection(async (connection) => {
        await connection.beginTransaction();
        const { changeUser, reset } = connection as PoolConnection & {
          reset(): Promise<void>;
        };
        await expect(changeUser.call(connection, {})).rejects.toThrow(/changeUser\(\) is refused/);
        await expect(reset.call(connection)).rejects.toThrow(/reset\(\) is refused/);
        await connection.rollback();
      }),
    );

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('what is left after a deadlock cannot be committed', async () => {
    const outsider = await world.plain.getConnection();
    await outsider.query('SET innodb_lock_wait_timeout = 20');
    await outsider.beginTransaction();
    // The bigger transaction survives.
    await outsider.query("INSERT INTO account VALUES (5, 'x', 1), (6, 'y', 1), (7, 'z', 1)");
    await outsider.query('UPDATE account SET balance = 100 WHERE id = 2');

    const late = run(() =>
      withConnection(async (connection) => {
        await connection.beginTransaction();
        await connection.query('SELECT * FROM account WHERE id = 1 FOR UPDATE');
        const other = outsider.query('UPDATE account SET balance = 100 WHERE id = 1');
        await expect(
          connection.query('SELECT * FROM account WHERE id = 2 FOR UPDATE'),
        ).rejects.toMatchObject({ errno: 1213 });
        await other;
        await outsider.rollback();
        await expect(connection.query(TAKE, [1])).rejects.toMatchObject({ errno: 1213 });
        await connection.commit();
      }),
    );

    await expect(late).rejects.toThrow(/DTX_ERR_RM_LOCAL_COMMIT/);
    outsider.release();
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('a lock wait timeout leaves the local transaction usable', async () => {
    const outsider = await world.plain.getConnection();
    await outsider.beginTransaction();
    await outsider.query('UPDATE account SET balance = balance WHERE id = 2');

    await run(() =>
      withConnection(async (connection) => {
        await connection.query('SET innodb_lock_wait_timeout = 1');
        await connection.beginTransaction();
        await connection.query('UPDATE account SET balance = 100 WHERE id = 1');
        await expect(connection.query(TAKE, [2])).rejects.toMatchObject({ errno: 1205 });
        await connection.commit();
        await connection.query('SET innodb_lock_wait_timeout = DEFAULT');
      }),
    );

    await outsider.rollback();
    outsider.release();
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('a pool that no module has started is refused', async () => {
    const pool = dtxMysqlPool(world.database.pool(), { resourceId: 'forgotten' });

    await expect(run(() => pool.query(TAKE, [1]))).rejects.toThrow(
      /DTX_ERR_RM_NOT_STARTED.*forgotten.*Import DtxModule.forRoot/,
    );
  });

  it('a pool that has been used is refused', async () => {
    await world.plain.query('SELECT 1');

    expect(() => dtxMysqlPool(world.plain)).toThrow(/connections.*before the first query/);
  });
});

describe('dtxMysqlPool', () => {
  it.each([
    [{ resourceId: 'host:3306' }, /resourceId of the data source is "host:3306"/],
    [{ lockWaitTimeoutMs: -1 }, /lockWaitTimeoutMs of the data source is -1.*whole number/],
    [{ schemas: ['other'] }, /schemas of the data source is .*leave it out/],
  ])('refuses the options %j', async (options, message) => {
    const pool = createPool({});

    expect(() => dtxMysqlPool(pool, options)).toThrow(message);
    await pool.end();
  });
});
