import { randomBytes } from 'node:crypto';

import {
  createConnection,
  createPool,
  type Connection,
  type Pool,
  type PoolOptions,
  type RowDataPacket,
} from 'mysql2/promise';

/** A database of a test's own, on the MariaDB server of the run. */
export interface TestMariadb {
  readonly name: string;
  readonly url: string;
  /** A new pool; `drop` closes it. */
  pool(options?: PoolOptions): Pool;
  /** Closes the pools, ends whatever session is left, and drops the database. */
  drop(): Promise<void>;
}

/** Whether the run has a MariaDB server. If not, its start has said so aloud. */
export const hasMariadb = (): boolean => process.env['DTX_TEST_MARIADB_URL'] !== undefined;

/** Skips its tests where the run has no MariaDB server. */
export const describeMariadb = hasMariadb() ? describe : describe.skip;

let count = 0;

/**
 * Creates a fresh, empty database. Drop it in `afterEach` or `afterAll`.
 *
 * @param serverAddress of a server; the one of the run by default
 */
export async function createTestMariadb(serverAddress = serverUrl()): Promise<TestMariadb> {
  count += 1;
  // Jest loads this file anew for each test file of a process, and the count begins again.
  const name = `test_${process.pid}_${count}_${randomBytes(3).toString('hex')}`;
  await onServer(serverAddress, (server) => server.query(`CREATE DATABASE ${name}`));
  const url = databaseUrl(serverAddress, name);
  const pools: Pool[] = [];
  return {
    name,
    url,
    pool(options) {
      const pool = createPool({ uri: url, ...options });
      pools.push(pool);
      return pool;
    },
    async drop() {
      // One that the test has closed already says so.
      await Promise.all(pools.map((pool) => pool.end().catch(() => undefined)));
      await onServer(serverAddress, async (server) => {
        await endSessions(server, name);
        await server.query(`DROP DATABASE IF EXISTS ${name}`);
      });
    },
  };
}

/**
 * Sessions of a database, for a statement with its name as the parameter. One that reads the
 * catalog passes through all databases of the server, and would be shown at each of them.
 */
export const SESSIONS_OF_DATABASE = `SELECT id FROM information_schema.processlist
  WHERE db = ? AND COALESCE(info, '') NOT LIKE '%information_schema%'`;

/** An open transaction would keep the database from being dropped. */
async function endSessions(server: Connection, database: string): Promise<void> {
  const [sessions] = await server.query<RowDataPacket[]>(SESSIONS_OF_DATABASE, [database]);
  // One that ends meanwhile cannot be killed any more.
  for (const { id } of sessions) await server.query('KILL ?', [id]).catch(() => undefined);
}

async function onServer(
  serverAddress: string,
  work: (server: Connection) => Promise<unknown>,
): Promise<void> {
  const connection = await createConnection(serverAddress);
  try {
    await work(connection);
  } finally {
    await connection.end();
  }
}

function databaseUrl(serverAddress: string, name: string): string {
  const url = new URL(serverAddress);
  url.pathname = `/${name}`;
  return url.href;
}

function serverUrl(): string {
  const url = process.env['DTX_TEST_MARIADB_URL'];
  if (url !== undefined) return url;
  throw new Error(
    'DTX_TEST_MARIADB_URL is not set: start the tests with "npm test" or "npx jest", which start ' +
      'a server where the machine has MariaDB.',
  );
}
