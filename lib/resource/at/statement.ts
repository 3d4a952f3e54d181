/** What a statement means to the local transaction that it runs in. */
export type StatementKind =
  | 'read'
  /** `SELECT … FOR UPDATE` and its kin: reads that no other global transaction may be under. */
  | 'locking-read'
  /** A SELECT that calls functions, which may write: the capture triggers will tell. */
  | 'maybe-write'
  | 'write'
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'refused';

/** A classified text. */
export interface Statement {
  readonly kind: StatementKind;
  /** Its verb, for messages. */
  readonly label: string;
  /** Whether a write reads with locks too, as a SELECT … FOR UPDATE does that calls a function. */
  readonly isLockingRead?: boolean;
  /** Why it is refused, and what to do instead. */
  readonly reason?: string;
}

/** Whether somebody has to look who holds the rows that it locks. */
export const readsLocked = ({ isLockingRead, kind }: Statement): boolean =>
  kind === 'locking-read' || isLockingRead === true;

/** Kinds that are worth a local transaction of their own where the application has opened none. */
export const WORKING_KINDS: ReadonlySet<StatementKind> = new Set([
  'write',
  'maybe-write',
  'locking-read',
]);
