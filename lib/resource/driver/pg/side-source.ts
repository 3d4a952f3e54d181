import type { Pool, PoolClient, PoolConfig } from 'pg';

import type { SqlSession, SqlSource } from '../../at/index.js';

/** Side connections at most: installation, phase two, and lock releases take turns. */
const SIDE_CONNECTIONS_MAX = 2;
const SIDE_CONNECT_TIMEOUT_MS = 5_000;
/** A half-open connection never answers; without a bound phase two would hang with it. */
const SIDE_QUERY_TIMEOUT_MS = 15_000;

type PoolClass = new (config: PoolConfig) => Pool;

/**
 * The resource manager's own connections. They are not the application's: phase two must get
 * through when every connection of the application waits for a row that phase two would free.
 */
export class SideSource implements SqlSource {
  readonly #PoolClass: PoolClass;
  readonly #config: () => PoolConfig;
  #pool: Pool | undefined;

  /** @param config read when the first connection is needed */
  constructor(PoolClass: PoolClass, config: () => PoolConfig) {
    this.#PoolClass = PoolClass;
    this.#config = config;
  }

  async withSession<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const client = await this.#connected().connect();
    const onError = (): undefined => undefined; // the query that is under way fails by itself
    client.on('error', onError);
    try {
      const result = await work(sessionOf(client));
      client.off('error', onError);
      client.release();
      return result;
    } catch (error) {
      // Its state is not known, so nobody else gets it.
      client.release(true);
      throw error;
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.end();
  }

  #connected(): Pool {
    if (this.#pool !== undefined) return this.#pool;
    const config = this.#config();
    this.#pool = new this.#PoolClass({
      ...config,
      // Not enumerable in the options of a pool, so the spread does not bring it along.
      password: config.password,
      max: SIDE_CONNECTIONS_MAX,
      min: 0,
      allowExitOnIdle: true,
      connectionTimeoutMillis: SIDE_CONNECT_TIMEOUT_MS,
      query_timeout: SIDE_QUERY_TIMEOUT_MS,
    });
    // An idle connection that breaks is replaced by the pool; without a listener it would throw.
    this.#pool.on('error', () => undefined);
    return this.#pool;
  }
}

function sessionOf(client: PoolClient): SqlSession {
  return {
    async query(text, values) {
      const { command, rowCount, rows } = await client.query<Record<string, unknown>>(
        text,
        values === undefined ? undefined : [...values],
      );
      return { command, rowCount: rowCount ?? 0, rows };
    },
  };
}
