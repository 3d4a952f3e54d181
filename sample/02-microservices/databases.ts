import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { startPostgres } from '../../tools/postgres/index.js';
import type { Openings } from './make-orders.js';

/** One service each. */
export const DATABASES = ['orders', 'inventory', 'payments'] as const;

type PerDatabase<T> = Readonly<Record<(typeof DATABASES)[number], T>>;

/** The databases of the run, on a server of its own. */
export interface Databases {
  readonly urls: PerDatabase<string>;
  /** Connections that know nothing of global transactions, for a look from outside. */
  readonly pools: PerDatabase<pg.Pool>;
  close(): Promise<void>;
}

const SETTLE_MS_MAX = 30_000;
const EVENTS_MS_MAX = 5_000;
const POLL_MS = 50;

export async function openDatabases(folder: string): Promise<Databases> {
  const server = await startPostgres({ dataDir: join(folder, 'postgres') });
  const urls = await perDatabase((name) => server.createDatabase(name));
  const pools = await perDatabase((name) => createPool(urls[name]));
  return {
    urls,
    pools,
    async close() {
      await perDatabase((name) => pools[name].end());
      await server.stop();
    },
  };
}

/** @returns the result of the function for each of the three databases */
export async function perDatabase<T>(
  create: (name: (typeof DATABASES)[number]) => T | Promise<T>,
): Promise<PerDatabase<T>> {
  const entries = DATABASES.map(async (name) => [name, await create(name)] as const);
  return Object.fromEntries(await Promise.all(entries)) as PerDatabase<T>;
}

/** Puts goods on the shelves and money into the purses. */
export async function seed(
  { inventory, payments }: Databases['pools'],
  { units, cents }: Openings,
): Promise<void> {
  await inventory.query(
    'INSERT INTO products (id, units) SELECT * FROM unnest($1::text[], $2::int[])',
    [[...units.keys()], [...units.values()]],
  );
  await payments.query(
    'INSERT INTO accounts (customer, balance_cents) SELECT * FROM unnest($1::text[], $2::int[])',
    [[...cents.keys()], [...cents.values()]],
  );
}

/**
 * Waits until what follows the last answer has happened, with bounds: the books tell what is still
 * missing then.
 */
export async function awaitSettled(pools: Databases['pools'], attempts: number): Promise<void> {
  // A commit is answered once it is decided; the last undo rows go a moment later.
  await until(SETTLE_MS_MAX, async () => {
    const undoRows = await perDatabase((name) => count(pools[name], 'dtx.undo_row'));
    return undoRows.orders + undoRows.inventory + undoRows.payments === 0;
  });
  // An event is still on its way when its sender goes on.
  await until(EVENTS_MS_MAX, async () => (await count(pools.payments, 'attempts')) >= attempts);
}

async function until(msMax: number, isTrue: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < msMax && !(await isTrue()); waitedMs += POLL_MS) {
    await sleep(POLL_MS);
  }
}

async function count(pool: pg.Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
  return rows[0]?.n ?? 0;
}

function createPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  // An idle connection that breaks is replaced; whoever needs one that cannot be had gets the
  // error.
  pool.on('error', () => undefined);
  return pool;
}
