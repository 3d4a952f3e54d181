import type { Pool, PoolConnection, PoolOptions, ResultSetHeader } from 'mysql2/promise';

import type { Clock } from '../../../protocol/index.js';
import type { SqlConnection, SqlDatabase, SqlResult, SqlRow, SqlValue } from '../sql/index.js';
import { placeOfUrl, unreadableUrl } from '../store-url.js';
import { kindOfMysqlCommitError, kindOfMysqlError, mysqlTrouble } from './mysql-trouble.js';

/** The part of the package mysql2 that is used. */
export interface Mysql2Module {
  createPool(options: PoolOptions): Pool;
}

export interface Mysql2DatabaseOptions {
  readonly clock: Clock;
  readonly url: string;
  /** Bound of each statement, and of making a connection. */
  readonly timeoutMs: number;
  readonly connectionsMax: number;
}

/** A connection for as long as somebody works on it. */
interface Loan {
  readonly connection: PoolConnection;
  /** Whether it may go back into the pool. */
  isSound: boolean;
}

/**
 * The server ends connections that are silent for that long, and rolls back what they left open: a
 * node that vanished in the middle of a transaction must not keep its rows for hours.
 */
const SERVER_WAIT_S = 30;
/** Well before the server does it, or a statement meets a connection that is about to end. */
const IDLE_MS_MAX = 15_000;

/** A pool of our own over the package mysql2. */
export class Mysql2Database implements SqlDatabase {
  readonly place: string;
  readonly timeoutMs: number;
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #setup: readonly string[];
  readonly #ready = new WeakSet<object>();

  constructor(mysql2: Mysql2Module, options: Mysql2DatabaseOptions) {
    const { clock, connectionsMax, timeoutMs, url } = options;
    this.place = placeOfUrl(url, 'mysql');
    this.#clock = clock;
    this.timeoutMs = timeoutMs;
    this.#setup = setupOf(timeoutMs);
    this.#pool = createPool(mysql2, {
      uri: url,
      connectionLimit: connectionsMax,
      maxIdle: 0,
      idleTimeout: IDLE_MS_MAX,
      connectTimeout: timeoutMs,
      charset: 'utf8mb4_bin',
      multipleStatements: false,
    });
  }

  query(sql: string, values?: readonly SqlValue[]): Promise<SqlResult> {
    return this.#lend(({ connection }) => this.#send(connection, sql, values));
  }

  transaction<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    return this.#lend(async (loan) => {
      const query: SqlConnection['query'] = (sql, values) =>
        this.#send(loan.connection, sql, values);
      await query('START TRANSACTION');
      try {
        const result = await work({ query });
        await this.#send(loan.connection, 'COMMIT', [], kindOfMysqlCommitError);
        return result;
      } catch (error) {
        // Whoever got the connection next would begin anew on it, which commits what is open.
        await query('ROLLBACK').catch(() => (loan.isSound = false));
        throw error;
      }
    });
  }

  /** The package says good-bye behind what is under way, which on a lost connection never ends. */
  async close(): Promise<void> {
    await this.#bounded(this.#pool.end()).catch(() => undefined);
  }

  async #lend<T>(work: (loan: Loan) => Promise<T>): Promise<T> {
    const connection = await this.#connect();
    const loan: Loan = { connection, isSound: true };
    try {
      return await work(loan);
    } catch (error) {
      // An answer that comes after all would be taken for the next statement's.
      if ((error as { kind?: unknown }).kind === 'unknown') loan.isSound = false;
      throw error;
    } finally {
      if (loan.isSound) connection.release();
      else connection.destroy();
    }
  }

  /** Whatever goes wrong here, the statement was not sent. */
  async #connect(): Promise<PoolConnection> {
    let connection: PoolConnection | undefined;
    try {
      connection = await this.#pool.getConnection();
      // The pool wraps its connection anew each time.
      if (this.#ready.has(connection.connection)) return connection;
      for (const sql of this.#setup) await this.#bounded(connection.query(sql));
      this.#ready.add(connection.connection);
      return connection;
    } catch (error) {
      connection?.destroy();
      throw mysqlTrouble(error, 'unavailable');
    }
  }

  async #send(
    connection: PoolConnection,
    sql: string,
    values: readonly SqlValue[] = [],
    kindOf = kindOfMysqlError,
  ): Promise<SqlResult> {
    try {
      // A statement in text, since the parameters of prepared ones are floating-point numbers.
      const [answer] = await this.#bounded(connection.query(sql, [...values]));
      return resultOf(answer as readonly SqlRow[] | ResultSetHeader);
    } catch (error) {
      throw mysqlTrouble(error, kindOf(error));
    }
  }

  /** The package's own bound ends with the first packet of an answer. */
  #bounded<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.after(this.timeoutMs, () => {
        reject(new Error(`no answer within ${String(this.timeoutMs)} ms`));
      });
      const settle =
        <V>(finish: (value: V) => void) =>
        (value: V): void => {
          timer.cancel();
          finish(value);
        };
      work.then(settle(resolve), settle(reject));
    });
  }
}

/** Whatever the package throws here is about the URL, and may show it. */
function createPool(mysql2: Mysql2Module, options: PoolOptions): Pool {
  try {
    return mysql2.createPool(options);
  } catch {
    throw unreadableUrl('mysql');
  }
}

/**
 * What a session needs. A conditional write looks at the row as it is now, so nothing is gained by
 * locking the gaps between rows; values that do not fit are refused; the server gives up waiting
 * for a lock before we do, and so says for certain that nothing was written.
 */
function setupOf(timeoutMs: number): readonly string[] {
  const lockWaitS = Math.max(1, Math.floor((timeoutMs * 0.4) / 1000));
  return [
    'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
    `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1,
      innodb_lock_wait_timeout = ${String(lockWaitS)}, wait_timeout = ${String(SERVER_WAIT_S)}`,
  ];
}

function resultOf(answer: readonly SqlRow[] | ResultSetHeader): SqlResult {
  if ('affectedRows' in answer) return { rows: [], writtenCount: answer.affectedRows };
  return { rows: answer, writtenCount: 0 };
}
