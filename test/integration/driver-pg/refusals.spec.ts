import { Query } from 'pg';

import { dtxPool } from '../../../lib/resource/driver/pg/index.js';
import { runInContext } from '../../../lib/transaction/index.js';
import type { AtWorld } from '../../support/at-world.js';
import { balances, openAtWorld } from '../../support/at-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';

const SCHEMA = `
  CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance int NOT NULL);
  INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100);
  CREATE TABLE journal (line text)`;

describe('inside a global transaction', () => {
  let world: AtWorld;
  beforeAll(async () => {
    world = await openAtWorld(SCHEMA);
  });
  afterAll(() => world.close());

  const run = (work: () => Promise<unknown>): Promise<unknown> =>
    world.manager.run({ name: 'refused' }, work);

  it.each([
    ['TRUNCATE account', /TRUNCATE is refused inside global transaction .*DELETE FROM/],
    ['CREATE TABLE other (id int)', /CREATE TABLE is refused.*migration/],
    ['ALTER TABLE account ADD note text', /ALTER TABLE is refused.*migration/],
    ['DROP TABLE account', /DROP TABLE is refused.*migration/],
    ['COPY account FROM STDIN', /COPY FROM is refused.*Use INSERT/],
    ['SELECT * INTO other FROM account', /SELECT INTO is refused/],
    ["PREPARE TRANSACTION 'x'", /PREPARE TRANSACTION is refused.*XA/],
    ['BEGIN; DELETE FROM account; COMMIT', /in one text with other statements is refused/],
    ['DISCARD ALL', /DISCARD is refused/],
  ])('%s is refused with a sentence, and changes nothing', async (sql, message) => {
    await expect(run(() => world.pool.query(sql))).rejects.toThrow(message);
    await expect(run(() => world.pool.query(sql))).rejects.toMatchObject({
      code: 'DTX_ERR_RM_STATEMENT',
    });
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('a refused statement leaves its local transaction usable', async () => {
    await run(async () => {
      const client = await world.pool.connect();
      await client.query('BEGIN');
      await expect(client.query('TRUNCATE account')).rejects.toThrow(/TRUNCATE is refused/);
      await client.query('UPDATE account SET balance = balance WHERE id = 1');
      await client.query('COMMIT');
      client.release();
    });

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('TRUNCATE that hides in a function is refused by the database', async () => {
    await world.plain.query(
      `CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'TRUNCATE account'`,
    );

    await expect(run(() => world.pool.query('SELECT wipe()'))).rejects.toThrow(/account/);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('a write to a table without primary key is refused, naming the table', async () => {
    const write = run(() => world.pool.query("INSERT INTO journal VALUES ('x')"));

    await expect(write).rejects.toThrow(/DTX_ERR_RM_TABLE.*journal.*primary key/i);
    expect(await world.rows('SELECT * FROM journal')).toEqual([]);
  });

  it('a table without primary key may be written outside', async () => {
    await world.pool.query("INSERT INTO journal VALUES ('outside')");

    expect(await world.rows('SELECT * FROM journal')).toEqual([{ line: 'outside' }]);
    await world.pool.query('DELETE FROM journal');
  });

  it('a write in a local transaction that was opened before is refused', async () => {
    const client = await world.pool.connect();
    await client.query('BEGIN');

    await expect(run(() => client.query(TAKE, [1]))).rejects.toThrow(
      /DTX_ERR_RM_LOCAL_OPEN.*opened before global transaction/,
    );
    await client.query('ROLLBACK');
    client.release();
  });

  it('a write after the end is refused', async () => {
    const transaction = await world.manager.begin({ name: 'ended' });
    await transaction.commit();

    const write = runInContext(transaction, () => world.pool.query(TAKE, [1]));

    await expect(write).rejects.toThrow(/DTX_ERR_TM_FINISHED.*UPDATE on bank came after/);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('a read after the end is answered', async () => {
    const transaction = await world.manager.begin({ name: 'ended' });
    await transaction.commit();

    const read = await runInContext(transaction, () => world.pool.query('SELECT 1 AS one'));

    expect(read.rows).toEqual([{ one: 1 }]);
  });

  it('the COMMIT of a failed local transaction is no success', async () => {
    const committed = run(async () => {
      const client = await world.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(TAKE, [1]);
        await client.query('SELECT nonsense').catch(() => undefined);
        await client.query('COMMIT');
      } finally {
        client.release();
      }
    });

    await expect(committed).rejects.toThrow(/DTX_ERR_RM_LOCAL_COMMIT.*had failed before/);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('a Query object that writes is refused, and one that reads is not', async () => {
    await run(async () => {
      const client = await world.pool.connect();
      try {
        expect(() => client.query(new Query(TAKE, [1]))).toThrow(/through a cursor.*Query object/);
        const rows = await new Promise((resolve, reject) => {
          const query = client.query(new Query('SELECT 1 AS one'));
          query.on('row', resolve).on('error', reject);
        });
        expect(rows).toEqual({ one: 1 });
      } finally {
        client.release();
      }
    });
  });

  it('a pool that no module has started is refused', async () => {
    const pool = dtxPool(world.database.pool(), { resourceId: 'forgotten' });

    await expect(run(() => pool.query(TAKE, [1]))).rejects.toThrow(
      /DTX_ERR_RM_NOT_STARTED.*forgotten.*Import DtxModule.forRoot/,
    );
  });
});

describe('dtxPool', () => {
  it.each([
    [{ resourceId: 'host:5432' }, /resourceId of the data source is "host:5432"/],
    [{ lockWaitTimeoutMs: -1 }, /lockWaitTimeoutMs of the data source is -1.*whole number/],
    [{ schemas: [] }, /schemas of the data source is \[\].*at least one/],
  ])('refuses the options %j', async (options, message) => {
    const { Pool } = await import('pg');
    expect(() => dtxPool(new Pool(), options)).toThrow(message);
  });

  it('refuses a pool that has been used', async () => {
    const world = await openAtWorld();
    await world.plain.query('SELECT 1');

    expect(() => dtxPool(world.plain)).toThrow(/1 connections.*before the first query/);
    await world.close();
  });
});
