import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { createConnection, createPool } from 'mysql2/promise';
import type { Pool as MysqlPool } from 'mysql2/promise';
import pg from 'pg';

import { startMariadb } from '../../../tools/mariadb/index.js';
import { startPostgres } from '../../../tools/postgres/index.js';
import { until } from '../../support/until.js';

const END_MS_MAX = 10_000;

/** A database server that can be killed and started again on its data. */
export interface KillableServer {
  readonly url: string;
  readonly port: number;
  /** As a loss of power of its machine, with a disk that keeps what it has acknowledged. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Started {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

async function killable<Server extends Started>(
  start: (port?: number) => Promise<Server>,
  urlOf: (server: Server) => Promise<string>,
): Promise<KillableServer> {
  let server = await start();
  const { port } = server;
  const url = await urlOf(server);
  return {
    url,
    port,
    async kill() {
      process.kill(server.pid, 'SIGKILL');
      await until(() => !isAlive(server.pid), END_MS_MAX);
    },
    async restart() {
      server = await start(port);
    },
    stop: () => server.stop(),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whoever leaves a local transaction behind on a dead connection must not hold rows for ever. */
const IDLE_MS = 5_000;

export const killablePostgres = (folder: string, name: string): Promise<KillableServer> =>
  killable(
    (port) =>
      startPostgres({
        dataDir: join(folder, name),
        ...(port !== undefined && { port }),
        durable: true,
        settings: { idle_in_transaction_session_timeout: String(IDLE_MS) },
      }),
    (server) => server.createDatabase('crash'),
  );

export const killableMariadb = (folder: string): Promise<KillableServer> =>
  killable(
    async (port) => {
      const server = await startMariadb({
        dataDir: join(folder, 'mariadb'),
        ...(port !== undefined && { port }),
        durable: true,
        required: true,
        settings: [`--idle-transaction-timeout=${String(Math.ceil(IDLE_MS / 1_000))}`],
      });
      if (server === undefined) throw new Error('MariaDB is missing: install mariadb-server.');
      return server;
    },
    async (server) => {
      const connection = await createConnection(server.url());
      await connection.query('CREATE DATABASE crash');
      await connection.end();
      return server.url('crash');
    },
  );

/** @param serial type of a column that numbers its rows */
export const tablesOf = (serial: string): readonly string[] => [
  'CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL)',
  'CREATE TABLE booking (id int PRIMARY KEY, amount bigint NOT NULL)',
  'CREATE TABLE purse (id int PRIMARY KEY, balance bigint NOT NULL, reserved bigint NOT NULL)',
  // Its key says nothing about what stands in it: twice is seen as twice.
  `CREATE TABLE movement (n ${serial} PRIMARY KEY, purse int NOT NULL, what varchar(8) NOT NULL)`,
];

export function poolOf(connectionString: string): pg.Pool {
  return new pg.Pool({ connectionString, max: 2 }).on('error', () => undefined);
}

export const mariadbPoolOf = (uri: string): MysqlPool => createPool({ uri, connectionLimit: 2 });

export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true });
