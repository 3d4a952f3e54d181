import type { BranchOutcome, BranchTarget, LockConflict } from '../../protocol/index.js';

/** The branch that a local transaction belongs to; both ids have been checked. */
export interface BranchTag {
  readonly xid: string;
  readonly branchId: string;
}

/** The mark of a local transaction that is no branch, but must not touch rows that are held. */
export const GUARDED = 'guarded';

/** The mark of a local transaction that the triggers let pass, as they do outside of everything. */
export const UNMARKED = 'unmarked';

/** What a local transaction is marked with, for the triggers. */
export type Mark = BranchTag | typeof GUARDED | typeof UNMARKED;

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

/** How a table stands to what capture needs on it. */
export interface TableStatus {
  /** With its schema, as undo rows name it. */
  readonly table: string;
  /**
   * - `captured`: everything is there.
   * - `missing`: nothing is installed.
   * - `stale`: what is installed was made for other columns, indexes or keys than there are now.
   * - `refused`: writes are refused inside a global transaction; the note says why.
   */
  readonly state: 'captured' | 'missing' | 'stale' | 'refused';
  /** What to know or do, one sentence. */
  readonly note?: string;
}

/** What install() would do, in the order in which it would. */
export interface InstallPlan {
  /** Statements for whoever may run them; empty when everything is current. */
  readonly statements: readonly string[];
  readonly tables: readonly TableStatus[];
  readonly warnings: readonly string[];
}

/** Values of a row by column, as text that a person can read; undefined where there is no row. */
export type RowImage = Readonly<Record<string, string | null>> | undefined;

/** One row that an undecided, or undone in part, global transaction has changed. */
export interface HeldRow {
  readonly xid: string;
  readonly branchId: string;
  readonly table: string;
  /** As the undo row names it. */
  readonly key: string;
  readonly before: RowImage;
  readonly after: RowImage;
  readonly current: RowImage;
  /**
   * - `as-left`: the row is as its transaction left it.
   * - `as-before`: it is as it was before the transaction.
   * - `dirty`: somebody outside has changed it since.
   * - `lock`: no row of its own, such as a value of a unique index; there are no images.
   */
  readonly state: 'as-left' | 'as-before' | 'dirty' | 'lock';
  /** Why the images cannot be shown or compared, if they cannot. */
  readonly trouble?: string;
  /** Whether a rollback has left it, so that it waits for a person. */
  readonly isLeft?: boolean;
}

/** Picks undo rows; what is left out is not minded. */
export interface HeldRowFilter {
  readonly xid?: string;
  readonly branchId?: string;
  readonly table?: string;
  readonly key?: string;
}

/** A global lock, without its images. */
export interface HeldLock {
  readonly xid: string;
  readonly branchId: string;
  readonly table: string;
  readonly key: string;
  /** When its branch was written or last rolled back, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Whether a rollback has left it, so that it waits for a person. */
  readonly isLeft?: boolean;
}

/**
 * What a person does about rows that a rollback has left:
 *
 * - `keep-current`: forget the undo rows; the rows stay as they are.
 * - `force-before`: give the rows their before images, whoever has changed them since.
 */
export type UndoOrder = 'keep-current' | 'force-before';

/** What became of an order, row by row. */
export interface OrderReport {
  readonly done: readonly { readonly table: string; readonly key: string }[];
  readonly left: readonly {
    readonly table: string;
    readonly key: string;
    readonly reason: string;
  }[];
}

/** What people ask of the undo rows of one database. */
export interface UndoDesk {
  locks(filter: HeldRowFilter, limit: number): Promise<readonly HeldLock[]>;
  rows(filter: HeldRowFilter, limit: number): Promise<readonly HeldRow[]>;
  /**
   * Only for rows of a branch that phase two has left; the coordinator's `retry` ends it then.
   *
   * @param parkedBranchIds branches of which the coordinator says that their rollback needs
   *   attention, for those whose rollback has failed without a trace in the database @default none
   */
  order(
    order: UndoOrder,
    filter: HeldRowFilter & { readonly xid: string },
    parkedBranchIds?: readonly string[],
  ): Promise<OrderReport>;
}

/**
 * Capture and undo in one kind of database. The life of a branch, waiting for locks and the seams
 * of the drivers are the same for all of them.
 */
export interface AtEngine {
  /**
   * Sets up or checks tables, functions and triggers. Safe to repeat and to run side by side.
   *
   * @param mode `mend` by default; `check` changes nothing, and throws AtInstallError with the
   * command where something is missing or stale
   */
  install(mode?: 'mend' | 'check'): Promise<InstallReport>;
  /** What install('mend') would do. */
  plan(): Promise<InstallPlan>;
  /** Removes everything of ours. @throws AtInstallError while undo rows are left */
  uninstall(): Promise<void>;
  /** Text that marks a local transaction. */
  tagStatement(mark: Mark): string;
  /** What a failed statement met, if it met us. */
  explain(error: unknown): CaptureError | undefined;
  /** Says, for ever, whether the local commit whose answer was lost has happened. */
  resolveLocalCommit(tag: BranchTag): Promise<'committed' | 'rolled-back'>;
  commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]>;
  rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]>;
  /** Frees what transactions hold whose commit is decided. The same delete as phase two's. */
  releaseXids(xids: readonly string[]): Promise<void>;
  /**
   * Lets the local transaction of whoever wants a row of such a transaction take it over, so that
   * no other commit has to reach the disk first. Answers no rows. It may find that it cannot, and
   * then the row is held as before. @default releaseXids() has to do it
   */
  releaseStatement?(row: LockConflict): string;
  /**
   * Takes back what releaseStatement() says, so that it may be said before the decision. The end of
   * the local transaction takes it back too. @default it may not
   */
  readonly withdrawStatement?: string;
  /** Deletes fence rows that no late phase one can ask for any more; returns how many. */
  purgeFences(olderThanMs: number): Promise<number>;
  readonly desk: UndoDesk;
}
