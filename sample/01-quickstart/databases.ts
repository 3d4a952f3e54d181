import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { type RunningPostgres, startPostgres } from '../../tools/postgres/index.js';

/** One database per service. */
export const SERVICES = ['orders', 'stock', 'accounts'] as const;

export type ServiceName = (typeof SERVICES)[number];

/** Something for each of the three databases. */
export type PerService<T> = Readonly<Record<ServiceName, T>>;

/** A PostgreSQL server that this run has for itself. */
export interface RunServer {
  readonly port: number;
  /** Whether a killed run had left it running. */
  readonly adopted: boolean;
  dropDatabase(name: string): Promise<void>;
  createDatabase(name: string): Promise<string>;
  /** Stops it. The data stays. */
  close(): Promise<void>;
}

/** The databases of the run. */
export interface Databases {
  readonly urls: PerService<string>;
  /** Connections that know nothing of global transactions, for a look from outside. */
  readonly pools: PerService<pg.Pool>;
  close(): Promise<void>;
}

const LOCK_KEY = 20_260_101;
const LOCK_TRIES_MAX = 20;
const LOCK_RETRY_MS = 100;

/**
 * Starts the server, or takes over the one of a killed run.
 *
 * @throws when another run is at work on the same data
 */
export async function openServer(dataDir: string): Promise<RunServer> {
  const server = await startPostgres({ dataDir });
  const lock = await lockServer(server);
  return {
    port: server.port,
    adopted: server.adopted,
    dropDatabase: (name) => server.dropDatabase(name),
    createDatabase: (name) => server.createDatabase(name),
    async close() {
      await lock.end();
      await server.stop();
    },
  };
}

/** Forgets what an earlier run has written. */
export async function dropDatabases(server: RunServer): Promise<void> {
  for (const name of SERVICES) await server.dropDatabase(name);
}

/** Creates the databases that are not there yet. */
export async function openDatabases(server: RunServer): Promise<Databases> {
  const urls = await perService((name) => server.createDatabase(name));
  const pools = await perService((name) => createPool(urls[name]));
  return {
    urls,
    pools,
    async close() {
      await perService((name) => pools[name].end());
    },
  };
}

/** @returns the result of the function for each of the three databases */
export async function perService<T>(
  create: (name: ServiceName) => T | Promise<T>,
): Promise<PerService<T>> {
  const entries = SERVICES.map(async (name) => [name, await create(name)] as const);
  return Object.fromEntries(await Promise.all(entries)) as PerService<T>;
}

/**
 * Two runs on the same data would drop each other's databases. The lock lives as long as its
 * connection, so it is gone with a killed run, though not at the same instant.
 */
async function lockServer(server: RunningPostgres): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url() });
  // The other run may stop the server while we wait for it: then a query fails, which is enough.
  client.on('error', () => undefined);
  const locked = await tryLock(client).catch(() => false);
  if (locked) return client;
  await client.end();
  throw new Error(
    `Another quickstart runs on ${server.dataDir}. Wait for it, or give this one a folder of its ` +
      'own with --data.',
  );
}

async function tryLock(client: pg.Client): Promise<boolean> {
  await client.connect();
  for (let tries = 0; tries < LOCK_TRIES_MAX; tries += 1) {
    const sql = 'SELECT pg_try_advisory_lock($1) AS locked';
    const { rows } = await client.query<{ locked: boolean }>(sql, [LOCK_KEY]);
    if (rows[0]?.locked) return true;
    await sleep(LOCK_RETRY_MS);
  }
  return false;
}

function createPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  // An idle connection that breaks is replaced; whoever needs one that cannot be had gets the
  // error.
  pool.on('error', () => undefined);
  return pool;
}
