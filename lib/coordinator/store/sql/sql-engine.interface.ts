import type { SessionKey } from '../../core/index.js';
import type { SessionWrite } from '../merge-changes.js';
import type { PurgeCommand, SessionQuery } from '../session-store.interface.js';
import type { SqlDatabase, SqlRow } from './sql-database.interface.js';

/** Sessions to take over, whatever the reason. */
export interface LapsedClaim {
  readonly owner: string;
  /** Whose lease ended then or before. */
  readonly lapsedAtMs: number;
  /** The same for those that are the owner's already. */
  readonly ownLapsedAtMs: number;
  readonly leaseUntilMs: number;
  readonly countMax: number;
}

/** What a node has to say about its waits, as one row. */
export interface WaitPost {
  readonly node: string;
  /** Undefined takes the row down. */
  readonly waits: string | undefined;
  readonly untilMs: number;
  /** Rows that counted until then are of nodes that are gone; they go with it. */
  readonly lapsedMs: number;
}

/**
 * How one kind of database server says it. Rows have the columns of SESSION_COLUMNS. All of them
 * throw SqlTrouble and nothing else.
 */
export interface SqlEngine {
  /**
   * Writes in one durable transaction what holds, and leaves the rest as it is.
   *
   * @param writes of different sessions, in the order of keyOf()
   * @returns for each of them whether it held
   */
  write(database: SqlDatabase, writes: readonly SessionWrite[]): Promise<readonly boolean[]>;
  /** What stands there, in any order. */
  load(database: SqlDatabase, keys: readonly SessionKey[]): Promise<readonly SqlRow[]>;
  /** The rows as they are now, those whose lease lapsed first first; skips what others write. */
  claim(database: SqlDatabase, claim: LapsedClaim): Promise<readonly SqlRow[]>;
  handOver(database: SqlDatabase, owner: string, nowMs: number): Promise<void>;
  /** @returns how many rows are gone */
  purge(database: SqlDatabase, command: PurgeCommand): Promise<number>;
  /** When the ended session at this place ended, 1 being the last one. */
  endedAt(database: SqlDatabase, place: number): Promise<number | undefined>;
  list(database: SqlDatabase, query: SessionQuery): Promise<readonly SqlRow[]>;
  /** Posts waits as they are written down, or takes them down, without making anything durable. */
  postWaits(database: SqlDatabase, post: WaitPost): Promise<void>;
  /** The column `waits` of the other nodes' rows that still count. */
  postedWaits(database: SqlDatabase, node: string, nowMs: number): Promise<readonly SqlRow[]>;
}
