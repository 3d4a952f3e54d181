import { AsyncLocalStorage } from 'node:async_hooks';

import type { Clock } from '../../../protocol/index.js';
import { InvalidOptionError, messageOf } from '../../../protocol/index.js';
import type {
  SqlConnection,
  SqlDatabase,
  SqlResult,
  SqlValue,
  TroubleKind,
} from './sql-database.interface.js';
import { SqlTrouble } from './sql-database.interface.js';

/** What is used of a TypeORM DataSource, 0.3 and 1.x alike. */
export interface DataSourceLike {
  readonly isInitialized: boolean;
  readonly options: { readonly type: string; readonly database?: unknown };
  createQueryRunner(mode: 'master'): QueryRunnerLike;
}

interface QueryRunnerLike {
  /** @returns the driver's connection */
  connect(): Promise<unknown>;
  query(sql: string, values: readonly unknown[] | undefined, structured: true): Promise<unknown>;
  release(): Promise<void>;
}

type KindOf = (driverError: unknown) => TroubleKind;

export interface DataSourceOptions {
  readonly clock: Clock;
  /** Bound of each statement, and of getting a connection. */
  readonly timeoutMs: number;
  /** What an error of the driver says of the statement. */
  readonly kindOf: KindOf;
  /** What it says of a COMMIT. @default kindOf */
  readonly kindOfCommit?: KindOf;
}

/**
 * The database behind a data source that the application has. It stays the application's: closing
 * the store leaves it open.
 */
export class DataSourceDatabase implements SqlDatabase {
  readonly place: string;
  readonly timeoutMs: number;
  readonly borrowsConnections = true;
  readonly #source: DataSourceLike;
  readonly #options: DataSourceOptions;
  /**
   * The store is called from inside global transactions, and the data source may take part in them.
   * What the coordinator writes is never part of what it coordinates.
   */
  readonly #outside = AsyncLocalStorage.snapshot();

  /** @throws InvalidOptionError */
  constructor(source: DataSourceLike, options: DataSourceOptions) {
    if (!source.isInitialized) throw notInitialized();
    this.#source = source;
    this.#options = options;
    this.timeoutMs = options.timeoutMs;
    const { database, type } = source.options;
    this.place = `${type} data source${typeof database === 'string' ? ` "${database}"` : ''}`;
  }

  query(sql: string, values?: readonly SqlValue[]): Promise<SqlResult> {
    return this.#lend((connection) => connection.query(sql, values));
  }

  transaction<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    return this.#lend(async (connection) => {
      await connection.query('START TRANSACTION');
      try {
        const result = await work(connection);
        await connection.commit();
        return result;
      } catch (error) {
        await connection.rollback();
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #lend<T>(work: (connection: LentConnection) => Promise<T>): Promise<T> {
    return this.#outside(async () => {
      const runner = this.#source.createQueryRunner('master');
      const raw = await this.#connect(runner);
      try {
        return await work(new LentConnection(runner, raw, this.#options));
      } finally {
        await runner.release();
      }
    });
  }

  async #connect(runner: QueryRunnerLike): Promise<unknown> {
    const connecting = runner.connect();
    try {
      return await within(this.#options, connecting, () => undefined);
    } catch (cause) {
      const release = (): Promise<void> => runner.release();
      // A connection that comes too late goes straight back to its pool.
      connecting.then(release, release).catch(() => undefined);
      throw new SqlTrouble(messageOf(cause), { kind: 'unavailable', cause });
    }
  }
}

function notInitialized(): InvalidOptionError {
  return new InvalidOptionError({
    option: 'coordinator.store.dataSource',
    value: 'not initialized',
    fix:
      'Wait for dataSource.initialize() first; in Nest, inject it into the factory of ' +
      'DtxModule.forRootAsync.',
  });
}

/** One connection of the data source, for as long as it is lent. */
class LentConnection implements SqlConnection {
  readonly #runner: QueryRunnerLike;
  readonly #raw: unknown;
  readonly #options: DataSourceOptions;

  constructor(runner: QueryRunnerLike, raw: unknown, options: DataSourceOptions) {
    this.#runner = runner;
    this.#raw = raw;
    this.#options = options;
  }

  query(sql: string, values?: readonly SqlValue[]): Promise<SqlResult> {
    return this.#send(sql, values, this.#options.kindOf);
  }

  async commit(): Promise<void> {
    const { kindOf, kindOfCommit = kindOf } = this.#options;
    await this.#send('COMMIT', undefined, kindOfCommit);
  }

  /** A connection that cannot even do that must not go back into the pool with its transaction. */
  async rollback(): Promise<void> {
    try {
      await this.query('ROLLBACK');
    } catch {
      sever(this.#raw);
    }
  }

  async #send(
    sql: string,
    values: readonly SqlValue[] | undefined,
    kindOf: KindOf,
  ): Promise<SqlResult> {
    try {
      const answer = this.#runner.query(sql, values, true);
      return resultOf(
        await within(this.#options, answer, () => {
          sever(this.#raw);
        }),
      );
    } catch (error) {
      throw new SqlTrouble(messageOf(error), { kind: kindOf(driverErrorOf(error)), cause: error });
    }
  }
}

/** Nothing that waits for a server waits for ever: a half-open connection says nothing at all. */
async function within<T>(
  { clock, timeoutMs }: DataSourceOptions,
  work: Promise<T>,
  onTimeout: () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.after(timeoutMs, () => {
      reject(new Error(`no answer within ${String(timeoutMs)} ms`));
      onTimeout();
    });
    work.then(resolve, reject).finally(() => {
      timer.cancel();
    });
  });
}

/** Cuts the connection below the pool, which then throws it away. */
function sever(raw: unknown): void {
  const { connection, destroy } = raw as {
    /** mysql2. */
    readonly destroy?: () => void;
    /** pg. */
    readonly connection?: { readonly stream?: { destroy(): void } };
  };
  const stream = connection?.stream;
  if (stream !== undefined) stream.destroy();
  else destroy?.call(raw);
}

function resultOf(answer: unknown): SqlResult {
  const { affected, records } = answer as {
    readonly records?: SqlResult['rows'];
    readonly affected?: number | null;
  };
  return { rows: records ?? [], writtenCount: affected ?? 0 };
}

/** TypeORM wraps what its driver throws. */
function driverErrorOf(error: unknown): unknown {
  const isWrapped = typeof error === 'object' && error !== null && 'driverError' in error;
  return isWrapped ? error.driverError : error;
}
