import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Pool as MysqlPool, RowDataPacket } from 'mysql2/promise';
import { BranchMode, GlobalTransactional } from 'nestjs-dtx';
import { dtxMysqlPool } from 'nestjs-dtx/mysql2';
import { dtxPool } from 'nestjs-dtx/pg';
import type { Pool } from 'pg';

import { createTestDatabase } from '../../servers/test-database.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { createTestMariadb, describeMariadb } from '../../servers/test-mariadb.js';
import type { TestMariadb } from '../../servers/test-mariadb.js';
import { until } from '../../support/until.js';
import { LogLines, recordedDtx } from './application.js';

const LEDGER = 'ledger pool';
const STOCK = 'stock pool';
const ORDERS = 'orders pool';

/** Orders in AT, and in XA where a method says so; a ledger and a stock in XA. */
@Injectable()
class ShopService {
  constructor(
    @Inject(ORDERS) private readonly orders: Pool,
    @Inject(LEDGER) private readonly ledger: Pool,
    @Inject(STOCK) private readonly stock: MysqlPool,
  ) {}

  @GlobalTransactional()
  async place(sku: string, fails: boolean): Promise<void> {
    await this.orders.query('INSERT INTO orders VALUES ($1)', [sku]);
    await this.audit(sku);
    await this.ledger.query('INSERT INTO ledger VALUES ($1)', [sku]);
    await this.stock.query('INSERT INTO stock VALUES (?)', [sku]);
    if (fails) throw new Error('out of stock');
  }

  @BranchMode('XA')
  async audit(sku: string): Promise<void> {
    await this.orders.query('INSERT INTO audit VALUES ($1)', [sku]);
  }
}

describeMariadb('AT and XA data sources in one Nest application', () => {
  let postgres: TestDatabase;
  let mariadb: TestMariadb;
  beforeEach(async () => {
    postgres = await createTestDatabase();
    mariadb = await createTestMariadb();
    const plain = postgres.pool();
    await plain.query(
      `CREATE TABLE orders (sku text PRIMARY KEY); CREATE TABLE audit (sku text PRIMARY KEY);
       CREATE TABLE ledger (sku text)`,
    );
    await mariadb.pool().query('CREATE TABLE stock (sku varchar(20))');
  });
  afterEach(async () => {
    await postgres.drop();
    await mariadb.drop();
  });

  const open = async () => {
    const log = new LogLines();
    const orders = dtxPool(postgres.pool(), { resourceId: 'orders' });
    const ledger = dtxPool(postgres.pool(), { resourceId: 'ledger', mode: 'XA' });
    const stock = dtxMysqlPool(mariadb.pool(), { resourceId: 'stock', mode: 'XA' });
    @Module({
      imports: [recordedDtx().module],
      providers: [
        ShopService,
        { provide: ORDERS, useValue: orders },
        { provide: LEDGER, useValue: ledger },
        { provide: STOCK, useValue: stock },
      ],
    })
    class ShopModule {}
    const app = await Test.createTestingModule({ imports: [ShopModule] })
      .setLogger(log)
      .compile();
    await app.init();
    return { app, log, shop: app.get(ShopService) };
  };

  /** What is in the four tables, as anybody sees it. */
  const rows = async (): Promise<readonly string[]> => {
    const plain = postgres.pool();
    const found = await plain.query<{ line: string }>(
      `SELECT 'orders ' || sku AS line FROM orders UNION ALL
       SELECT 'audit ' || sku FROM audit UNION ALL SELECT 'ledger ' || sku FROM ledger`,
    );
    const [stock] = await mariadb.pool().query<RowDataPacket[]>('SELECT sku FROM stock');
    const lines = found.rows.map(({ line }) => line);
    return [...lines, ...stock.map(({ sku }) => `stock ${String(sku)}`)].sort();
  };

  it('keep everything together, and lose it together', async () => {
    const { app, log, shop } = await open();

    await expect(shop.place('pear', true)).rejects.toThrow('out of stock');
    await shop.place('apple', false);
    await until(async () => (await rows()).length === 4);

    expect(await rows()).toEqual(['audit apple', 'ledger apple', 'orders apple', 'stock apple']);
    expect(log.of('DtxModule')).toContainEqual(
      expect.stringMatching(/ledger \(XA on PostgreSQL\).*stock \(XA on MySQL and MariaDB\)/),
    );
    await app.close();
  });

  it('leave nothing prepared when the application closes', async () => {
    const { app, shop } = await open();
    await shop.place('apple', false);
    await until(async () => (await rows()).length === 4);
    await app.close();

    const { rows: prepared } = await postgres
      .pool()
      .query('SELECT gid FROM pg_prepared_xacts WHERE database = current_database()');
    expect(prepared).toEqual([]);
  });
});
