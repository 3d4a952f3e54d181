import type { Pool, PoolClient } from 'pg';

import type { SqlConnection, SqlDatabase, SqlResult, SqlValue } from '../sql/index.js';
import { placeOfUrl } from '../store-url.js';
import { pgTrouble } from './pg-trouble.js';

/** The part of the package pg that is used. */
export interface PgModule {
  readonly Pool: new (options: Readonly<Record<string, unknown>>) => Pool;
}

export interface PgDatabaseOptions {
  readonly url: string;
  /** Bound of each statement, and of getting a connection. */
  readonly timeoutMs: number;
  readonly connectionsMax: number;
}

/** A connection for as long as somebody works on it. */
interface Loan {
  readonly client: PoolClient;
  /** Whether it may go back into the pool. */
  isSound: boolean;
}

/**
 * What a session needs. A commit is durable when it is answered, whatever the server's default. A
 * conditional write looks at the row as it is now, which READ COMMITTED does and the levels above
 * it refuse. Plans: a table that was just filled has no statistics, and a prepared statement keeps
 * the plan of its first day, when the table was empty; reading all of it is right on no other day.
 */
const SETTINGS = {
  default_transaction_isolation: "'read committed'",
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  plan_cache_mode: "'force_generic_plan'",
};

/** A pool of our own over the package pg. */
export class PgDatabase implements SqlDatabase {
  readonly place: string;
  readonly timeoutMs: number;
  readonly #pool: Pool;
  readonly #setup: string;
  readonly #ready = new WeakSet<PoolClient>();
  /** A statement is parsed and planned once per connection, under its name. */
  readonly #names = new Map<string, string>();

  constructor({ Pool }: PgModule, { connectionsMax, timeoutMs, url }: PgDatabaseOptions) {
    this.place = placeOfUrl(url, 'postgres');
    this.timeoutMs = timeoutMs;
    this.#setup = setupOf(timeoutMs);
    this.#pool = new Pool({
      connectionString: url,
      max: connectionsMax,
      connectionTimeoutMillis: timeoutMs,
      // A half-open connection neither answers nor fails.
      query_timeout: timeoutMs,
      keepAlive: true,
      application_name: 'nestjs-dtx coordinator',
    });
    // A connection that breaks is replaced when the next one is needed; the statement that it was
    // lent for is told by itself. Without listeners either would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  query(sql: string, values?: readonly SqlValue[]): Promise<SqlResult> {
    return this.#lend(({ client }) => this.#send(client, sql, values));
  }

  transaction<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    return this.#lend(async (loan) => {
      const connection: SqlConnection = {
        query: (sql, values) => this.#send(loan.client, sql, values),
      };
      await connection.query('BEGIN');
      try {
        const result = await work(connection);
        await connection.query('COMMIT');
        return result;
      } catch (error) {
        // Whoever got the connection next would write into this transaction, and commit it.
        await connection.query('ROLLBACK').catch(() => (loan.isSound = false));
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #lend<T>(work: (loan: Loan) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    const loan: Loan = { client, isSound: true };
    try {
      return await work(loan);
    } catch (error) {
      if ((error as { kind?: unknown }).kind === 'unknown') loan.isSound = false;
      throw error;
    } finally {
      client.release(!loan.isSound);
    }
  }

  /** Whatever goes wrong here, the statement was not sent. */
  async #connect(): Promise<PoolClient> {
    let client: PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      if (this.#ready.has(client)) return client;
      await client.query(this.#setup);
      this.#ready.add(client);
      return client;
    } catch (error) {
      client?.release(true);
      throw pgTrouble(error, 'unavailable');
    }
  }

  async #send(
    client: PoolClient,
    sql: string,
    values: readonly SqlValue[] | undefined,
  ): Promise<SqlResult> {
    try {
      const { rowCount, rows } = await (values === undefined
        ? client.query(sql)
        : client.query({ name: this.#nameOf(sql), text: sql, values: [...values] }));
      return { rows: rows as SqlResult['rows'], writtenCount: rowCount ?? 0 };
    } catch (error) {
      throw pgTrouble(error);
    }
  }

  #nameOf(sql: string): string {
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    const name = `dtx_${String(this.#names.size + 1)}`;
    this.#names.set(sql, name);
    return name;
  }
}

function setupOf(timeoutMs: number): string {
  const settings = Object.entries(SETTINGS).map(([name, value]) => `SET ${name} = ${value}`);
  // The server gives up before we do, and so says for certain that nothing was written.
  const bounds = [
    `SET statement_timeout = ${String(Math.ceil(timeoutMs * 0.8))}`,
    `SET lock_timeout = ${String(Math.ceil(timeoutMs * 0.4))}`,
  ];
  const durable =
    "SELECT set_config('synchronous_commit', 'on', false) " +
    "WHERE current_setting('synchronous_commit') = 'off'";
  return [...settings, ...bounds, durable].join(';\n');
}
