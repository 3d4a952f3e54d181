import { randomBytes } from 'node:crypto';

import pg from 'pg';

/** A database of a test's own, on the server of the run. */
export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** A new pool; `drop` closes it. */
  pool(config?: pg.PoolConfig): pg.Pool;
  /** Closes the pools, ends whatever session is left, and drops the database. */
  drop(): Promise<void>;
}

let count = 0;

/**
 * Creates a fresh, empty database. Drop it in `afterEach` or `afterAll`.
 *
 * @param server address of a server; the one of the run by default
 */
export async function createTestDatabase(server = serverUrl()): Promise<TestDatabase> {
  count += 1;
  // Jest loads this file anew for each test file of a process, and the count begins again.
  const name = `test_${process.pid}_${count}_${randomBytes(3).toString('hex')}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const url = databaseUrl(server, name);
  const pools: pg.Pool[] = [];
  return {
    name,
    url,
    pool(config) {
      const pool = new pg.Pool({ connectionString: url, ...config });
      // A session that a test ends on purpose must not end the test run.
      pool.on('error', () => undefined);
      pools.push(pool);
      return pool;
    },
    async drop() {
      const open = pools.filter((pool) => !pool.ended);
      await Promise.all(open.map((pool) => pool.end()));
      await onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function onServer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

function serverUrl(): string {
  const url = process.env['DTX_TEST_POSTGRES_URL'];
  if (url !== undefined) return url;
  throw new Error(
    'DTX_TEST_POSTGRES_URL is not set: start the tests with "npm test" or "npx jest", which ' +
      'start a server.',
  );
}
