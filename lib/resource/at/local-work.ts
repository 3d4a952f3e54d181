import type { PreparedHold } from '../xa/index.js';
import type { BranchTag, Mark } from './at-engine.interface.js';

/**
 * What one local transaction is to the framework: a branch of a global transaction, or work under
 * the global lock alone.
 */
export interface LocalWork {
  /** What the database is told about the local transaction. */
  readonly mark: Mark;
  /** Whose rows are its own; undefined when it is in no global transaction. */
  readonly xid: string | undefined;
  /** How long its statements wait for a row; undefined = what the resource says. */
  readonly lockWaitTimeoutMs: number | undefined;
  /** The branch, for errors that name one. */
  readonly tag: BranchTag | undefined;

  /**
   * Under this name it is prepared in the place of its COMMIT, and begun so that it can be. Read at
   * the begin and at the COMMIT: undefined there where it has written nothing. @default none
   */
  readonly preparedName?: string | undefined;

  /** Its local transaction has begun; perhaps anew, after it had to wait for a row. */
  begun?(): void;
  /**
   * Awaited before each statement that writes, locks or opens a savepoint: what has to stand
   * before. A rejection means: roll back locally. @default nothing
   */
  beforeWrite?(own: (text: string) => Promise<number>): Promise<void>;
  /** Awaited before its local transaction begins. @default nothing to wait for */
  beforeBegin?(): Promise<void>;
  /** @throws TransactionFinishedError when its global transaction has ended */
  assertActive(what: string): void;
  /** Called at the first write. */
  register(): void;
  /**
   * Must be awaited before COMMIT is sent; a rejection means: roll back locally.
   *
   * @param hasWritten asks the database
   * @param own sends a statement of ours in the local transaction; returns the rows changed
   */
  beforeCommit(
    hasWritten?: () => Promise<boolean>,
    own?: (text: string) => Promise<number>,
  ): Promise<void>;
  /** The local transaction is committed, or prepared, with what ends it then. */
  committed(hold?: PreparedHold): void;
  /** The local transaction is rolled back. May be called after the end, and does nothing then. */
  rolledBack(reason: string): void;
  /**
   * The answer to COMMIT was lost. Returns if it was committed; throws if not, or if unknown.
   *
   * @param sessionId of the connection that has sent it
   */
  commitLost(cause: unknown, sessionId?: string): Promise<void>;
  /** What to throw for the error with which the server has refused the COMMIT. @default that */
  explained?(error: unknown): unknown;
}
