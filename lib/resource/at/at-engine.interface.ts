import type { BranchOutcome, BranchTarget, LockConflict } from '../../protocol/index.js';

/** The branch that a local transaction belongs to; both ids have been checked. */
export interface BranchTag {
  readonly xid: string;
  readonly branchId: string;
}

/** Rows and command of one statement, values as the driver gives them. */
export interface SqlResult {
  readonly rows: readonly Record<string, unknown>[];
  readonly rowCount: number;
  /** What the server says it has done, such as `COMMIT` or `DELETE`. */
  readonly command: string;
}

/** One connection of the resource, outside every global transaction. */
export interface SqlSession {
  query(text: string, values?: readonly unknown[]): Promise<SqlResult>;
}

/** Lends connections for the resource manager's own work; they are not the application's. */
export interface SqlSource {
  /** A session whose work fails or is cut off is destroyed, not reused. */
  withSession<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
}

/** The holder of a row where the database cannot say who it is. A legal xid, and nobody's. */
export const HOLDER_UNKNOWN = 'unknown';

/** What an error of the database means to a branch. */
export type CaptureError =
  | { readonly kind: 'lock-conflict'; readonly conflict: LockConflict }
  /** A tombstone stands where the fence row should go: phase two came first. */
  | { readonly kind: 'fenced' }
  /** The table or the statement cannot be undone; the reason names it and the way out. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What the installation found. */
export interface InstallReport {
  readonly capturedTables: readonly string[];
  /** One sentence each, with the table and what to do. */
  readonly warnings: readonly string[];
}

/**
 * Capture and undo in one kind of database. The life of a branch, waiting for locks and the seams
 * of the drivers are the same for all of them.
 */
export interface AtEngine {
  /** Sets up or checks tables, functions and triggers. Safe to repeat and to run side by side. */
  install(): Promise<InstallReport>;
  /** Text that marks the local transaction; sent in one packet behind its BEGIN. */
  tagStatement(tag: BranchTag): string;
  /** What a failed statement met, if it met us. */
  explain(error: unknown): CaptureError | undefined;
  /** Whether the server's notice says that a statement of this branch has written. */
  isCaptureNotice(notice: unknown): boolean;
  /** Says, for ever, whether the local commit whose answer was lost has happened. */
  resolveLocalCommit(tag: BranchTag): Promise<'committed' | 'rolled-back'>;
  commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]>;
  rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]>;
  /** Frees what transactions hold whose commit is decided. The same delete as phase two's. */
  releaseXids(xids: readonly string[]): Promise<void>;
  /** Deletes fence rows that no late phase one can ask for any more; returns how many. */
  purgeFences(olderThanMs: number): Promise<number>;
}
