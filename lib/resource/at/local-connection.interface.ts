import type { LockConflict } from '../../protocol/index.js';
import type { PreparedHold } from '../xa/index.js';
import type { Mark } from './at-engine.interface.js';
import type { StatementContent } from './hot-rows.js';
import type { Statement } from './statement.js';

/** What the server has really done with a COMMIT. */
export interface CommitAnswer<Result> {
  /** PostgreSQL answers the COMMIT of a failed transaction with a rollback, and no error. */
  readonly committed: boolean;
  readonly result: Result;
  /** Of a local transaction that was prepared. */
  readonly hold?: PreparedHold;
}

/**
 * One connection to a database, past the seam: what is different from driver to driver about local
 * transactions. A request is the application's call as the driver takes it; where it is left out,
 * the text is ours.
 */
export interface LocalConnection<Request, Result> {
  classify(request: Request): Statement;
  /** Text and values, by which a statement is known again. Without it nobody queues beforehand. */
  contentOf?(request: Request): StatementContent;
  /**
   * Whether a local transaction that has just been opened keeps nobody waiting, nor has seen
   * anything, so that its first statement may take its time. @default false
   */
  readonly waitsInside?: boolean;
  /**
   * Opens the local transaction and marks it; a mark must not fall to a savepoint.
   *
   * @param preparedName it will be prepared under this name
   */
  begin(mark: Mark, request: Request | undefined, preparedName?: string): Promise<Result>;
  send(request: Request): Promise<Result>;
  /**
   * Sends a statement of ours before the next one, in its packet if that can be; it answers no
   * rows. Needed where the engine has a releaseStatement().
   */
  ahead?(text: string): Promise<void>;
  /**
   * Sends a statement of ours while the first one waits; whoever ends the local transaction takes
   * back what it says. Only where `ahead` is a round trip. @default it is said ahead
   */
  foretell?(text: string): Promise<void>;
  /** Sends a statement of ours in the local transaction that is open; returns the rows changed. */
  own(text: string): Promise<number>;
  /** @param preparedName it is prepared, and answered as if it were committed */
  commit(request: Request | undefined, preparedName?: string): Promise<CommitAnswer<Result>>;
  /**
   * Whether the open local transaction has written anything, by the word of the server. Without it
   * the classes of the statements are believed.
   */
  hasWritten?(): Promise<boolean>;
  /** By which the database knows the connection. */
  readonly sessionId?: string | undefined;
  /** Ends the local transaction and takes its mark away. */
  rollback(request: Request | undefined): Promise<Result>;
  /** What a COMMIT answers whose answer was lost, and which has happened. */
  readonly committedResult: Result;
  /** Whether the server itself has said no. Anything else leaves open what it has done. */
  isRefusal(error: unknown): boolean;
  /**
   * What a failed statement has made of the local transaction:
   *
   * - `open`: the application goes on, or the database makes it end it.
   * - `unsound`: the database would go on and commit the rest; it must not.
   * - `gone`: the database has rolled it back, and would run what follows outside of it.
   */
  stateAfter(error: unknown): 'open' | 'unsound' | 'gone';
  /** The server's own word; undefined where the driver does not pass it on. */
  isInTransaction(): boolean | undefined;
  /**
   * Sends a locking read, and looks behind it, in its local transaction, who holds a row that it
   * has locked. Not in the same statement: one that has waited for a row returns the row as it is
   * now, but sees the undo rows as they were when it began.
   *
   * @param xid whose rows do not count
   * @throws StatementRefusedError it cannot be told which rows it would lock; nothing was sent
   */
  readLocked?(request: Request, xid: string | undefined): Promise<LockedRead<Result>>;
  /**
   * Where there is no readLocked(): who holds a row that a locking read has locked; asked for
   * behind it, in its local transaction.
   *
   * @param xid whose rows do not count
   */
  holderOfRead?(request: Request, xid: string | undefined): Promise<LockConflict | undefined>;
}

/** What a locking read gives, and who holds one of its rows. */
export interface LockedRead<Result> {
  readonly result: Result;
  readonly conflict: LockConflict | undefined;
}
