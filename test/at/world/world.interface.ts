import type { Patience } from '../../../lib/coordinator/index.js';
import type {
  BranchHandler,
  CoordinatorClient,
  GlobalSummary,
  Ids,
  OperatorAction,
} from '../../../lib/protocol/index.js';
import type { AtResourceOptions } from '../../../lib/resource/driver/pg/index.js';
import type { DtxResource } from '../../../lib/resource/index.js';
import type { TransactionManager } from '../../../lib/transaction/index.js';
import type { Step } from '../work.js';

/** How an application reaches its database. */
export type Seam = 'driver' | 'TypeORM 1.x' | 'TypeORM 0.3';

/** What a world is opened with. */
export interface WorldOptions {
  /** Runs before the installation, on a plain connection. */
  readonly schema: string;
  /** @default 'driver' */
  readonly seam?: Seam;
  readonly lockWaitTimeoutMs?: number;
  /** How long a rollback waits for phase two. @default 10000 */
  readonly rollbackWaitMs?: number;
  /** Settings that all connections of the application have, but not ours. */
  readonly hostile?: boolean;
  /** Further options of the data source. */
  readonly dtx?: AtResourceOptions;
  readonly setting?: Setting;
}

/** What is around the resources of a world, where it is not as usual. */
export interface Setting {
  readonly ids?: Ids;
  /** Of the coordinator. @default ':memory:' */
  readonly store?: string;
  readonly patience?: Partial<Patience>;
  /** Stands between the coordinator and the resources in phase two. */
  readonly between?: (handler: BranchHandler) => BranchHandler;
}

/** The application's connection, as its driver has it. */
export interface Application {
  /** One step of a case: an autocommit statement, or a local transaction. */
  run(step: Step): Promise<void>;
  /** Rows of one autocommit statement. */
  query(sql: string): Promise<readonly unknown[]>;
}

/** All rows by table. */
export type Snapshot = Readonly<Record<string, readonly string[]>>;

/** One database, its plain side. */
export interface PlainDatabase {
  /** Runs statements as somebody who knows nothing of the framework. */
  sql(text: string): Promise<void>;
  /** A step of a case as it runs without the framework. */
  run(step: Step): Promise<void>;
  /** All rows as canonical text, sorted; NULL, types and bytes can be told apart. */
  snapshot(tables: readonly string[]): Promise<Snapshot>;
  /** Empties the tables, restarts their counters, and fills them. */
  refill(tables: readonly string[], seed: string): Promise<void>;
  drop(): Promise<void>;
}

/** One database in AT mode, an embedded coordinator in memory, and a manager over it. */
export interface World extends PlainDatabase {
  readonly client: CoordinatorClient;
  /** What a person orders about a transaction. */
  operate(action: OperatorAction, xid: string): Promise<GlobalSummary>;
  readonly manager: TransactionManager;
  readonly app: Application;
  readonly logged: readonly string[];
  /** Starts the resource of something else on the same database, such as a data source. */
  start(source: unknown): Promise<void>;
  /** The address of the database, for a data source of the test's own. */
  readonly url: string;
  /** What stands in the undo table, one sentence each. */
  locks(): Promise<readonly string[]>;
  /**
   * Waits until transactions that have ended have left nothing: no undo row, no fence past age, no
   * local transaction.
   *
   * @throws with what is left
   */
  untilClean(): Promise<void>;
  /** Forgets undo rows and fences of a test that has failed. */
  forget(): Promise<void>;
}

/** What an engine has to bring for the suite. */
export interface WorldParts {
  readonly plain: PlainDatabase;
  readonly url: string;
  readonly rollbackWaitMs?: number | undefined;
  readonly setting?: Setting | undefined;
  readonly app: Application;
  /** What carries the resource: a pool, a data source, a driver. */
  readonly source: unknown;
  locks(): Promise<readonly string[]>;
  /** Of fences, and of local transactions that nobody has ended. */
  remains(): Promise<readonly string[]>;
  forget(): Promise<void>;
  /** Ends the application's connections. */
  close(): Promise<void>;
}

/** Something that `start` of a resource returns to `AtResource`, as far as the suite uses it. */
export interface PurgingResource extends DtxResource {
  readonly engine: { purgeFences(olderThanMs: number): Promise<number> };
}
