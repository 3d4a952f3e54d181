import Database from 'better-sqlite3';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';

import { findOrSkip, ServerRuns } from '../../tools/machine/index.js';
import {
  findInstalledPrograms,
  removePostgres,
  startPostgres,
} from '../../tools/postgres/index.js';

/** What the suite of AT mode runs on, as it stands in `DTX_AT_SERVERS`. */
export interface AtServer {
  readonly engine: 'postgres' | 'mariadb' | 'sqlite';
  /** Product and version, as the server says them. */
  readonly title: string;
  /** Not for SQLite; undefined where the server is missing. */
  readonly url?: string;
  readonly isMissing?: boolean;
}

/** The oldest major version that the suite runs on, beside the one from npm. */
const OLDER_MAJOR = 15;

const runs = new ServerRuns('.cache/test-postgres-older', removePostgres);

/** The engines that were asked for; undefined = this run is not about AT alone. */
export const askedEngines = (): readonly string[] | undefined =>
  process.env['DTX_AT_ENGINES']?.split(',');

/** Starts the older PostgreSQL, and writes down which servers there are. */
export async function startAtServers(): Promise<void> {
  const asked = askedEngines();
  const servers = await Promise.all([
    postgresServer(process.env['DTX_TEST_POSTGRES_URL']),
    ...(asked?.includes('postgres') === true ? [startOlderPostgres()] : []),
    mariadbServer(process.env['DTX_TEST_MARIADB_URL']),
    Promise.resolve(sqliteServer()),
  ]);
  const wanted = servers.filter(({ engine }) => asked?.includes(engine) ?? true);
  process.env['DTX_AT_SERVERS'] = JSON.stringify(wanted);
  if (asked === undefined) return;
  const lines = wanted.map(({ isMissing, title }) => `  ${title}${isMissing ? ': MISSING' : ''}`);
  process.stderr.write(`\nServers:\n${lines.join('\n')}\n\n`);
}

/** Stops what `startAtServers` has started, and removes its data. */
export async function stopAtServers(): Promise<void> {
  if (askedEngines()?.includes('postgres') === true) await runs.end();
}

async function startOlderPostgres(): Promise<AtServer> {
  const programs = await findOrSkip(() => findInstalledPrograms(OLDER_MAJOR), {
    missing: `PostgreSQL ${String(OLDER_MAJOR)} is missing: install postgresql-15.`,
  });
  if (programs === undefined) return postgresServer(undefined, ` ${String(OLDER_MAJOR)}`);
  await runs.begin();
  const server = await startPostgres({ dataDir: runs.own, durable: false, programs });
  return postgresServer(server.url());
}

async function postgresServer(url: string | undefined, version = ''): Promise<AtServer> {
  if (url === undefined) {
    return { engine: 'postgres', title: `PostgreSQL${version}`, isMissing: true };
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  // Debian adds the version of its package.
  const [number = ''] = (rows[0]?.server_version ?? '').split(' ');
  return { engine: 'postgres', title: `PostgreSQL ${number}`, url };
}

async function mariadbServer(url: string | undefined): Promise<AtServer> {
  if (url === undefined) return { engine: 'mariadb', title: 'MariaDB', isMissing: true };
  const connection = await createConnection(url);
  const [rows] = await connection.query<RowDataPacket[]>('SELECT version() AS version');
  await connection.end();
  const [version = ''] = String(rows[0]?.['version']).split('-');
  return { engine: 'mariadb', title: `MariaDB ${version}`, url };
}

function sqliteServer(): AtServer {
  const database = new Database(':memory:');
  const version = String(database.prepare('SELECT sqlite_version()').pluck().get());
  database.close();
  return { engine: 'sqlite', title: `SQLite ${version}` };
}
