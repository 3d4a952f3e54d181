import type { PoolOptions } from 'mysql2';

import type { SqlSession, SqlSource } from '../../at/index.js';
import type { CoreConnection, CorePool, ResultHeader } from './mysql2-driver.js';
import { outside } from './outside.js';

/** Side connections at most: installation, phase two, and lock releases take turns. */
const SIDE_CONNECTIONS_MAX = 2;
const SIDE_CONNECT_TIMEOUT_MS = 5_000;
/** A half-open connection never answers; without a bound phase two would hang with it. */
const SIDE_QUERY_TIMEOUT_MS = 15_000;

/** How a connection is reached and opened; nothing of how the application reads its values. */
const REACHING = [
  ...['host', 'port', 'localAddress', 'socketPath', 'stream', 'ssl', 'compress', 'database'],
  ...['user', 'password', 'password2', 'password3', 'passwordSha1', 'insecureAuth'],
  ...['authPlugins', 'authSwitchHandler', 'enableCleartextPlugin', 'connectAttributes'],
  ...['enableKeepAlive', 'keepAliveInitialDelay'],
] as const;

export type CreatePool = (options: PoolOptions) => object;

/**
 * The resource manager's own connections. They are not the application's: phase two must get
 * through when every connection of the application waits for a row that phase two would free.
 */
export class SideSource implements SqlSource {
  readonly #createPool: CreatePool;
  readonly #config: () => object | undefined;
  #pool: CorePool | undefined;
  /** One and the same for a connection, so that it is known what was set there. */
  readonly #sessions = new WeakMap<CoreConnection, SqlSession>();

  /** @param config of the application's pool; read when the first connection is needed */
  constructor(createPool: CreatePool, config: () => object | undefined) {
    this.#createPool = createPool;
    this.#config = config;
  }

  async withSession<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const connection = await this.#connect();
    try {
      const result = await work(this.#sessionOf(connection));
      connection.release?.();
      return result;
    } catch (error) {
      // Its state is not known, so nobody else gets it.
      connection.destroy();
      throw error;
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool as { end(done: () => void): void } | undefined;
    this.#pool = undefined;
    if (pool === undefined) return;
    await new Promise<void>((resolve) => {
      pool.end(resolve);
    });
  }

  #connect(): Promise<CoreConnection> {
    const pool = this.#opened();
    return new Promise((resolve, reject) => {
      outside(() =>
        pool.getConnection((error, connection) => {
          if (connection === undefined) reject(error ?? new Error('mysql2 gave no connection'));
          else resolve(connection);
        }),
      );
    });
  }

  #sessionOf(connection: CoreConnection): SqlSession {
    const known = this.#sessions.get(connection);
    if (known !== undefined) return known;
    const session = sessionOf(connection);
    this.#sessions.set(connection, session);
    return session;
  }

  #opened(): CorePool {
    if (this.#pool !== undefined) return this.#pool;
    const config = (this.#config() ?? {}) as Readonly<Record<string, unknown>>;
    const reaching = REACHING.map((key) => [key, config[key]] as const);
    this.#pool = this.#createPool({
      ...Object.fromEntries(reaching.filter(([, value]) => value !== undefined)),
      charset: 'utf8mb4',
      connectTimeout: SIDE_CONNECT_TIMEOUT_MS,
      connectionLimit: SIDE_CONNECTIONS_MAX,
      multipleStatements: false,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
    }) as CorePool;
    return this.#pool;
  }
}

function sessionOf(connection: CoreConnection): SqlSession {
  return {
    query: (sql, values) =>
      new Promise((resolve, reject) => {
        const options = { sql, timeout: SIDE_QUERY_TIMEOUT_MS };
        connection.query(
          options,
          values === undefined ? [] : [...values],
          (error: Error | null, rows: unknown) => {
            if (error === null) resolve(resultOf(sql, rows));
            else reject(error);
          },
        );
      }),
  };
}

function resultOf(sql: string, rows: unknown): Awaited<ReturnType<SqlSession['query']>> {
  const command = /^\s*(\w*)/.exec(sql)?.[1]?.toUpperCase() ?? '';
  if (Array.isArray(rows)) {
    return { command, rowCount: rows.length, rows: rows as Record<string, unknown>[] };
  }
  const { affectedRows } = rows as ResultHeader;
  return { command, rowCount: Number(affectedRows ?? 0), rows: [] };
}
