import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { startPostgres } from '../../tools/postgres/index.js';

export const POOL_SIZE = 16;
export const ROWS = 10_000;

/** Where the two branches of a transaction are. */
export type Side = 'orders' | 'wallet';

export type Pools = Readonly<Record<Side, pg.Pool>>;

/** Two databases of one durable server. */
export interface BenchDatabases {
  readonly server: string;
  /** For the coordinator's file, too. */
  readonly folder: string;
  /** New pools of the driver as it is. */
  pools(): Pools;
  /** Ends all pools, then the server, and removes the data. */
  close(): Promise<void>;
}

/** `account` gets triggers; the other table is in a schema of its own, where AT does not look. */
const TABLES = ['account', 'apart.account'];

export async function openDatabases(): Promise<BenchDatabases> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
  const server = await startPostgres({
    dataDir: join(folder, 'postgres'),
    durable: true,
    settings: {
      fsync: 'on',
      synchronous_commit: 'on',
      max_connections: '250',
      max_prepared_transactions: '250',
    },
  });
  const opened: pg.Pool[] = [];
  const urls = {
    orders: await server.createDatabase('orders'),
    wallet: await server.createDatabase('wallet'),
  };
  const poolOf = (connectionString: string): pg.Pool => {
    // Connections that are idle when the server stops at the end are no failure.
    const pool = new pg.Pool({ connectionString, max: POOL_SIZE }).on('error', () => undefined);
    opened.push(pool);
    return pool;
  };
  const pools = (): Pools => ({ orders: poolOf(urls.orders), wallet: poolOf(urls.wallet) });
  const plain = pools();
  await createTables(plain.orders);
  await createTables(plain.wallet);
  const { rows } = await plain.orders.query<{ server_version: string }>('SHOW server_version');
  return {
    server: `PostgreSQL ${rows[0]?.server_version ?? ''}`,
    folder,
    pools,
    async close() {
      await Promise.all(opened.map((pool) => pool.end()));
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function createTables(pool: pg.Pool): Promise<void> {
  await pool.query('CREATE SCHEMA apart');
  for (const table of TABLES) {
    await pool.query(
      `CREATE TABLE ${table} (
        id integer PRIMARY KEY, balance bigint NOT NULL, frozen bigint NOT NULL DEFAULT 0)`,
    );
    await pool.query(
      `INSERT INTO ${table} SELECT id, 0 FROM generate_series(1, ${String(ROWS)}) AS id`,
    );
    await pool.query(`VACUUM ANALYZE ${table}`);
  }
}
