/** The number of the server's error; errors of the network have a number too, but no SQLSTATE. */
export function errnoOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { errno, sqlState } = error as { errno?: unknown; sqlState?: unknown };
  return typeof errno === 'number' && typeof sqlState === 'string' ? errno : undefined;
}

export const ER_WRONG_VALUE_FOR_VAR = 1231;
export const ER_UNKNOWN_SYSTEM_VARIABLE = 1193;
const ER_LOCK_DEADLOCK = 1213;

/** Answers to a COMMIT that say it was a rollback; any other leaves open what has happened. */
const ROLLED_BACK: ReadonlySet<number> = new Set([
  1020, // ER_CHECKREAD
  ER_LOCK_DEADLOCK,
  1290, // ER_OPTION_PREVENTS_STATEMENT: read-only meanwhile
  1792, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  1836, // ER_READ_ONLY_MODE
  1402, // ER_XA_RBROLLBACK
  1613, // ER_XA_RBTIMEOUT
  1614, // ER_XA_RBDEADLOCK
  3101, // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: another node of the cluster was first
]);

export function isRefusedCommit(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno !== undefined && ROLLED_BACK.has(errno);
}

export function isDeadlock(error: unknown): boolean {
  return errnoOf(error) === ER_LOCK_DEADLOCK;
}

/** Errors that end the whole transaction or only their statement, as the server is set up. */
const MAY_END_TRANSACTION: ReadonlySet<number> = new Set([
  1020, // ER_CHECKREAD: under innodb_snapshot_isolation
  1205, // ER_LOCK_WAIT_TIMEOUT: under innodb_rollback_on_timeout
  1206, // ER_LOCK_TABLE_FULL
  1614, // ER_XA_RBDEADLOCK
]);

export function mayEndTransaction(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno !== undefined && MAY_END_TRANSACTION.has(errno);
}
