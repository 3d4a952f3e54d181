import { join } from 'node:path';

import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import type pg from 'pg';

import { startMariadb } from '../../tools/mariadb/index.js';
import { startPostgres } from '../../tools/postgres/index.js';
import { countRows, openPool, readLines } from '../support/load/pg-look.js';
import type { LoadDatabases } from '../support/load/run-load.js';
import { checkBooks, type Ledger } from './books.js';
import { openings } from './make-orders.js';
import type { PlaceOrder } from './place-order.js';

/** Two databases on a PostgreSQL and one on a MariaDB, with money and goods in them. */
export async function openDatabases(
  folder: string,
  orders: readonly PlaceOrder[],
): Promise<LoadDatabases<PlaceOrder>> {
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  const mariadb = await startMariadb({ dataDir: join(folder, 'mariadb'), required: true });
  if (mariadb === undefined) throw new Error('There is no MariaDB.');
  const urls = {
    order: await postgres.createDatabase('orders'),
    account: await postgres.createDatabase('accounts'),
    stock: mariadb.url('stock'),
  };
  const order = openPool(urls.order);
  const account = openPool(urls.account);
  const stock = createPool({ uri: mariadb.url(), connectionLimit: 2 });
  const units = openings(orders, ({ product, quantity }) => [product, quantity]);
  const cents = openings(orders, ({ customer, amountCents }) => [customer, amountCents]);
  await order.query(
    `CREATE TABLE orders (
       id text PRIMARY KEY, customer text, product text, quantity int, amount_cents int)`,
  );
  await seedAccounts(account, cents);
  await seedStock(stock, units);
  return {
    urls,
    unsettled: async () =>
      (await countRows(order, 'dtx.undo_row')) +
      (await countRows(account, 'holds')) +
      (await countRows(account, 'dtx.undo_row')) +
      (await countRows(order, 'pg_prepared_xacts')) +
      (await stock.query<RowDataPacket[]>('XA RECOVER'))[0].length,
    problems: async (told) =>
      checkBooks(await readLedger({ order, account, stock }), { told, units, cents }),
    async close() {
      await Promise.all([order.end(), account.end(), stock.end()]);
      await postgres.stop();
      await mariadb.stop();
    },
  };
}

async function seedAccounts(pool: pg.Pool, cents: ReadonlyMap<string, number>): Promise<void> {
  await pool.query(
    `CREATE TABLE accounts (customer text PRIMARY KEY, balance_cents int, frozen_cents int);
     CREATE TABLE holds (order_id text PRIMARY KEY, customer text, amount_cents int);
     CREATE TABLE charges (order_id text PRIMARY KEY, customer text, amount_cents int)`,
  );
  await pool.query('INSERT INTO accounts SELECT *, 0 FROM unnest($1::text[], $2::int[])', [
    [...cents.keys()],
    [...cents.values()],
  ]);
}

async function seedStock(pool: Pool, units: ReadonlyMap<string, number>): Promise<void> {
  await pool.query('CREATE DATABASE stock');
  await pool.query('CREATE TABLE stock.products (id varchar(64) PRIMARY KEY, units int)');
  await pool.query(
    `CREATE TABLE stock.movements (
       order_id varchar(64) PRIMARY KEY, product varchar(64), quantity int)`,
  );
  await pool.query('INSERT INTO stock.products VALUES ?', [[...units]]);
}

interface LedgerPools {
  readonly order: pg.Pool;
  readonly account: pg.Pool;
  readonly stock: Pool;
}

/** Looks into the databases with plain SQL, past the services and past this library. */
async function readLedger({ order, account, stock }: LedgerPools): Promise<Ledger> {
  const stockLines = async (columns: string, table: string) => {
    const text = `SELECT concat_ws(' ', ${columns}) AS line FROM stock.${table}`;
    return (await stock.query<RowDataPacket[]>(text))[0].map(({ line }) => String(line));
  };
  return {
    orders: await readLines(order, 'id, customer, product, quantity, amount_cents', 'orders'),
    charges: await readLines(account, 'order_id, customer, amount_cents', 'charges'),
    purses: await readLines(account, 'customer, balance_cents, frozen_cents', 'accounts'),
    movements: await stockLines('order_id, product, quantity', 'movements'),
    shelves: await stockLines('id, units', 'products'),
  };
}
