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

  /** @throws TransactionFinishedError when its global transaction has ended */
  assertActive(what: string): void;
  /** Called at the first write. */
  register(): void;
  /** Must be awaited before COMMIT is sent; a rejection means: roll back locally. */
  beforeCommit(): Promise<void>;
  /** The local transaction is committed. */
  committed(): void;
  /** The local transaction is rolled back. May be called after the end, and does nothing then. */
  rolledBack(reason: string): void;
  /** The answer to COMMIT was lost. Returns if it was committed; throws if not, or if unknown. */
  commitLost(cause: unknown): Promise<void>;
}
