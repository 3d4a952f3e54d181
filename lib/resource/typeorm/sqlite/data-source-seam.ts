import { currentAround } from '../../at/index.js';
import type { RunnerContext } from '../../driver/better-sqlite3/index.js';
import { RunnerSeam } from '../../driver/better-sqlite3/index.js';
import type { SqliteFile } from '../../driver/better-sqlite3/index.js';

type Query = (sql: string, values?: unknown, structured?: boolean) => Promise<unknown>;

/** The part of TypeORM's query runner that is used; 0.3 and 1.x have it alike. */
interface Runner {
  query: Query;
  release: () => Promise<void>;
  broadcaster: object;
  readonly isTransactionActive: boolean;
  /** Prepared statements by their text, if this version keeps them. */
  stmtCache?: unknown;
  [SEAMED]?: SeamedRunner;
}

const SEAMED = Symbol('nestjs-dtx: seam of a query runner');

type Work = (manager: Manager) => Promise<unknown>;

interface Manager {
  readonly queryRunner?: Runner;
  transaction: (isolationOrWork: unknown, work?: Work) => Promise<unknown>;
}

/** The part of TypeORM's DataSource that is used. */
export interface InstrumentedDataSource {
  readonly options: object;
  readonly manager: Manager;
  readonly queryResultCache?: unknown;
  readonly subscribers: readonly unknown[];
  readonly driver: {
    queryRunner?: Runner | undefined;
    databaseConnection?: unknown;
    createQueryRunner: (mode: string) => Runner;
  };
  createEntityManager: (runner?: Runner) => Manager;
  setOptions: (options: object) => unknown;
}

/** A runner, its seam, and how many have asked for it and not given it back. */
interface SeamedRunner {
  readonly runner: Runner;
  readonly seam: RunnerSeam;
  userCount: number;
}

interface Context extends RunnerContext<SeamedRunner> {
  /** Inside of one of its statements, such as in a subscriber. */
  readonly isStatement: boolean;
}

/**
 * Gives each caller a query runner of its own. TypeORM has a single one for SQLite, so that
 * concurrent transactions meet in it: one of them fails, and its rollback ends the other's.
 *
 * Code inside of a transaction's callback is given the transaction's runner, as with TypeORM alone:
 * there is one connection, and to wait for it would be to wait for oneself.
 */
export function instrumentDataSource(source: InstrumentedDataSource, file: SqliteFile): void {
  const { driver } = source;
  const original = driver.createQueryRunner.bind(driver);
  let statements: { readonly of: unknown; readonly cache: unknown } | undefined;

  driver.createQueryRunner = (mode) => {
    const context = file.contexts.getStore() as Context | undefined;
    const around = context?.runner;
    const isInside =
      around !== undefined && (around.runner.isTransactionActive || around.seam.hasConnection);
    if (isInside && context?.xid === currentAround()?.xid) {
      around.userCount += 1;
      return around.runner;
    }
    driver.queryRunner = undefined;
    const runner = original(mode);
    driver.queryRunner = undefined;
    // One cache per connection, as with one runner.
    if (statements?.of !== driver.databaseConnection) {
      statements = { of: driver.databaseConnection, cache: runner.stmtCache };
    } else if (statements !== undefined && 'stmtCache' in runner) {
      runner.stmtCache = statements.cache;
    }
    const seamed = {
      runner,
      seam: new RunnerSeam(file, isInside ? around.seam : undefined),
      userCount: 1,
    };
    runner[SEAMED] = seamed;
    instrumentRunner(seamed, source, file);
    return runner;
  };

  const createEntityManager = source.createEntityManager.bind(source);
  source.createEntityManager = (runner) => inContext(createEntityManager(runner));
  inContext(source.manager);
  // Made before, for whatever TypeORM has asked it.
  driver.queryRunner = undefined;

  function inContext(manager: Manager): Manager {
    const { transaction } = manager;
    const inside: Manager['transaction'] = (isolationOrWork, work) => {
      const body = (typeof isolationOrWork === 'function' ? isolationOrWork : work) as Work;
      const wrapped: Work = (inner) => {
        const runner = inner.queryRunner?.[SEAMED];
        if (runner === undefined) return body(inner);
        return file.contexts.run(contextOf(runner, false), body, inner);
      };
      if (typeof isolationOrWork === 'function') return transaction.call(manager, wrapped);
      return transaction.call(
        manager,
        isolationOrWork,
        typeof work === 'function' ? wrapped : work,
      );
    };
    manager.transaction = inside;
    return manager;
  }
}

/**
 * Every transaction has a runner of its own, so functions are made first and assigned then: one
 * that is written where it is assigned goes straight to V8's old generation, and takes the runner
 * there, and all that belongs to it, until the next full collection.
 */
function instrumentRunner(
  seamed: SeamedRunner,
  source: InstrumentedDataSource,
  file: SqliteFile,
): void {
  const { runner, seam } = seamed;
  const query = runner.query.bind(runner);
  const release = runner.release.bind(runner);
  const seamedQuery: Query = (sql, values, structured) => {
    const run = (): Promise<unknown> => query(sql, values, structured);
    const request = { sql, values: Array.isArray(values) ? values : NO_VALUES, run };
    // Without subscribers nobody is called inside of a statement, and a context costs.
    if (source.subscribers.length === 0) return seam.query(request, false);
    const context = file.contexts.getStore() as Context | undefined;
    const isNested = context?.isStatement === true && context.runner === seamed;
    const inside = contextOf(seamed, true);
    return seam.query({ ...request, run: () => file.contexts.run(inside, run) }, isNested);
  };
  // Not an async function: it ends every transaction.
  const seamedRelease = (): Promise<void> => {
    seamed.userCount -= 1;
    if (seamed.userCount > 0) return Promise.resolve();
    try {
      seam.released();
      return release();
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the driver's
      return Promise.reject(error);
    }
  };
  runner.query = seamedQuery;
  runner.release = seamedRelease;
  if (source.subscribers.length === 0) return;
  // Subscribers are called with the connection taken; what they do is part of it.
  runner.broadcaster = new Proxy(runner.broadcaster, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function' || !String(name).startsWith('broadcast')) return value;
      return (...args: unknown[]) =>
        file.contexts.run(
          contextOf(seamed, true),
          () => Reflect.apply(value, target, args) as unknown,
        );
    },
  });
}

const NO_VALUES: readonly unknown[] = [];

const contextOf = (runner: SeamedRunner, isStatement: boolean): Context => ({
  runner,
  xid: currentAround()?.xid,
  isStatement,
});
