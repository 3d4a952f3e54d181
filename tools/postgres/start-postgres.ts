import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import {
  type DataFolder,
  initialise,
  locateDataFolder,
  ownerOf,
  readPassword,
  SUPERUSER,
} from './data-folder.js';
import { findFreePort, launch } from './launch.js';
import {
  clearMisleadingPid,
  endPostmaster,
  findPostmaster,
  type Postmaster,
} from './postmaster.js';
import { findServerPrograms } from './server-files.js';
import { findServerUser } from './server-user.js';

const HOST = '127.0.0.1';
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 60_000;
const RETRY_MS = 200;
const RETRIES_MAX = 100;

/** What to start. */
export interface PostgresOptions {
  /** Where the data lives; made when it is not there. Relative to the working directory. */
  readonly dataDir: string;
  /** @default a free port */
  readonly port?: number;
  /** Server settings by name, beside ours. They do not reach a server that is adopted. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * Take over a server that runs on this data already; `false` stops it and starts a new one.
   * @default true
   */
  readonly adopt?: boolean;
  /** `false` lets a power failure damage the data, and is faster. @default true */
  readonly durable?: boolean;
  /** The folder with `initdb` and `postgres`. @default the ones from npm */
  readonly programs?: string;
}

/** A server that takes connections. */
export interface RunningPostgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly pid: number;
  /** Where the data really is: outside the checkout when the server's user cannot enter that. */
  readonly dataDir: string;
  /** Whether the server ran before. */
  readonly adopted: boolean;
  /** @returns the address of a database, with user and password */
  url(database?: string): string;
  /** Creates the database unless it exists. @returns its address */
  createDatabase(name: string): Promise<string>;
  /** Drops the database if it exists, and ends the sessions that use it. */
  dropDatabase(name: string): Promise<void>;
  /** Stops the server and leaves the data. Safe to repeat. */
  stop(): Promise<void>;
  /** Stops the server and removes the data, wherever it is. */
  remove(): Promise<void>;
}

/**
 * Starts a PostgreSQL server from npm on the given data, or takes over the one that runs on it.
 *
 * It listens on 127.0.0.1 alone and is not tied to this process: killed at any moment, the next
 * call with the same folder finds the running server, or starts it again on the same data. As root,
 * the server runs as `postgres` or `nobody`, which PostgreSQL demands.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const us = await findServerUser();
  const data = await locateDataFolder(options.dataDir, us);
  const user = await ownerOf(data, us);
  if (options.adopt === false) await stopOn(data);

  const durable = options.durable ?? true;
  for (let retries = 0; ; retries += 1) {
    const found = await findPostmaster(data.cluster, READY_MS_MAX);
    try {
      if (found) return new PostgresServer(data, await verify(data, found), true);
      const programs = options.programs ?? (await findServerPrograms(user));
      await initialise(data, { programs, user, durable });
      await clearMisleadingPid(data.cluster);
      const port = options.port ?? (await findFreePort(HOST));
      const settings = { ...serverSettings(durable), ...options.settings, port: String(port) };
      const postmaster = await launch(data, { programs, user, settings });
      return new PostgresServer(data, await verify(data, postmaster), false);
    } catch (error) {
      if (retries >= RETRIES_MAX || !passesSoon(error, options)) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** Stops the server on this data, if one runs, and removes the data. */
export async function removePostgres(dataDir: string): Promise<void> {
  const data = await locateDataFolder(dataDir, await findServerUser());
  await stopOn(data);
  await removeData(data);
}

const removeData = (data: DataFolder): Promise<void> =>
  rm(data.folder, { recursive: true, force: true });

async function stopOn(data: DataFolder): Promise<void> {
  for (let retries = 0; ; retries += 1) {
    const found = await findPostmaster(data.cluster, READY_MS_MAX);
    if (!found) return;
    try {
      await new PostgresServer(data, await verify(data, found), true).stop();
      return;
    } catch (error) {
      if (retries >= RETRIES_MAX || !isEnding(error)) throw error;
      await sleep(RETRY_MS);
    }
  }
}

const serverSettings = (durable: boolean): Readonly<Record<string, string>> => ({
  listen_addresses: HOST,
  unix_socket_directories: '',
  max_connections: '200',
  max_prepared_transactions: '64',
  timezone: 'UTC',
  log_timezone: 'UTC',
  ...(!durable && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
});

/** What a client sees of a server that ends at this moment. */
const ENDING_CODES: ReadonlySet<unknown> = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE'],
  ...['57P01', '57P02', '57P03'],
]);

/** The server was killed, and its process was still there when we looked. */
function isEnding(error: unknown): boolean {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  return ENDING_CODES.has(code) || message.includes('Connection terminated unexpectedly');
}

/** Each of these is over in a moment, when we look again. */
function passesSoon(error: unknown, options: PostgresOptions): boolean {
  const { message = '' } = error as { message?: string };
  return (
    isEnding(error) ||
    // Another process starts a server on the same data: the next look finds it.
    message.includes('lock file "postmaster.pid"') ||
    // Children of a killed server are about to end.
    message.includes('pre-existing shared memory block') ||
    // Somebody took the port that was free; not ours to change when the caller chose it.
    (message.includes('could not create any TCP/IP sockets') && options.port === undefined)
  );
}

interface Verified extends Postmaster {
  readonly password: string;
}

/** Asks the server itself whose data it serves, so that no other server is ever used or stopped. */
async function verify(data: DataFolder, postmaster: Postmaster): Promise<Verified> {
  const password = await readPassword(data);
  const [row] = await query(
    address({ ...postmaster, password }, 'postgres'),
    'SHOW data_directory',
  );
  if (row?.['data_directory'] === data.cluster) return { ...postmaster, password };
  throw new Error(
    `The server on port ${postmaster.port} serves ${String(row?.['data_directory'])}, ` +
      `not ${data.cluster}.`,
  );
}

const address = ({ port, password }: Pick<Verified, 'port' | 'password'>, name: string): string =>
  `postgres://${SUPERUSER}:${password}@${HOST}:${port}/${encodeURIComponent(name)}`;

async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: READY_MS_MAX });
  // The query that is under way fails by itself; without a listener the process would end.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

class PostgresServer implements RunningPostgres {
  readonly host = HOST;
  readonly user = SUPERUSER;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly #data: DataFolder;
  readonly #server: Verified;

  constructor(
    data: DataFolder,
    server: Verified,
    readonly adopted: boolean,
  ) {
    this.#data = data;
    this.#server = server;
    this.port = server.port;
    this.pid = server.pid;
    this.dataDir = data.folder;
  }

  url(database = 'postgres'): string {
    return address(this.#server, database);
  }

  async createDatabase(name: string): Promise<string> {
    await query(this.url(), `CREATE DATABASE ${pg.escapeIdentifier(name)}`).catch(
      (error: unknown) => {
        if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error;
      },
    );
    return this.url(name);
  }

  async dropDatabase(name: string): Promise<void> {
    await query(this.url(), `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  }

  stop(): Promise<void> {
    return endPostmaster(this.pid, this.#data.cluster, STOP_MS_MAX);
  }

  async remove(): Promise<void> {
    await this.stop();
    await removeData(this.#data);
  }
}

const DUPLICATE_DATABASE = '42P04';
