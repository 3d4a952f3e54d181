import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TransactionManager } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import pg from 'pg';

import { countWire } from '../support/wire-counter.js';
import { startApplication } from './application.js';
import type { RoundTrips } from './at-engine.interface.js';

const TRANSACTIONS = 50;
const TEXT = 'UPDATE captured SET balance = balance + 1 WHERE id = $1';

/** Where the database with the table `captured` is. */
interface Address {
  readonly url: string;
  readonly port: number;
}

/** Counts the same transactions plain and global, one after the other, through a relay. */
export async function countRoundTrips(address: Address): Promise<RoundTrips> {
  const plain = await counted(
    address,
    (config) => new pg.Pool(config),
    async (pool, mark) => {
      mark();
      for (let row = 1; row <= TRANSACTIONS; row += 1) await transaction(pool, row);
    },
  );
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
  const global = await counted(
    address,
    (config) => dtxPool(new pg.Pool(config), { resourceId: 'counted', schemas: ['public'] }),
    async (pool, mark) => {
      const app = await startApplication([pool], join(folder, 'coordinator.db'));
      const manager = app.get(TransactionManager);
      mark();
      for (let row = 1; row <= TRANSACTIONS; row += 1) {
        await manager.run({ name: 'counted' }, () => transaction(pool, row));
      }
      await app.close();
    },
  );
  await rm(folder, { recursive: true, force: true });
  return { extra: global.business - plain.business, phaseTwo: global.side };
}

async function transaction(pool: pg.Pool, row: number): Promise<void> {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query(TEXT, [row]);
  await client.query('COMMIT');
  client.release();
}

/** The work calls `mark` when everything is set up; what came before does not count. */
async function counted(
  address: Address,
  createPool: (config: pg.PoolConfig) => pg.Pool,
  work: (pool: pg.Pool, mark: () => void) => Promise<void>,
): Promise<{ readonly business: number; readonly side: number }> {
  const wire = await countWire(address.port);
  const url = new URL(address.url);
  url.port = String(wire.port);
  const pool = createPool({ connectionString: url.href, max: 1 });
  // The application's connection is the first one, since the pool has just one.
  await pool.query('SELECT 1');
  const trips = (): readonly number[] => wire.connections.map((count) => count.roundTrips);
  let before: readonly number[] = [];
  await work(pool, () => {
    before = trips();
  });
  const [business = 0, ...side] = trips().map((count, index) => count - (before[index] ?? 0));
  await pool.end();
  await wire.close();
  const sum = side.reduce((total, count) => total + count, 0);
  return { business: business / TRANSACTIONS, side: sum / TRANSACTIONS };
}
