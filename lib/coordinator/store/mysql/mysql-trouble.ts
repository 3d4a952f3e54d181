import { messageOf } from '../../../protocol/index.js';
import type { TroubleKind } from '../sql/index.js';
import { SqlTrouble } from '../sql/index.js';

export const ER_DUP_ENTRY = 1062;
export const ER_LOCK_DEADLOCK = 1213;
/** MariaDB from 11.6 on: the row is newer than what the transaction may see. */
export const ER_CHECKREAD = 1020;

/** Answers of the server after which it would refuse any other statement just as well. */
const UNAVAILABLE: ReadonlySet<number> = new Set([
  1021, // ER_DISK_FULL
  1040, // ER_CON_COUNT_ERROR
  1044, // ER_DBACCESS_DENIED_ERROR
  1045, // ER_ACCESS_DENIED_ERROR
  1049, // ER_BAD_DB_ERROR
  1114, // ER_RECORD_FILE_FULL
  1142, // ER_TABLEACCESS_DENIED_ERROR
  1146, // ER_NO_SUCH_TABLE
  1203, // ER_TOO_MANY_USER_CONNECTIONS
  1290, // ER_OPTION_PREVENTS_STATEMENT: read-only
  1792, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  1836, // ER_READ_ONLY_MODE
  4031, // ER_CLIENT_INTERACTION_TIMEOUT: the connection had been closed before
]);

/** Answers that come when the statement may be through. */
const UNKNOWN: ReadonlySet<number> = new Set([
  1053, // ER_SERVER_SHUTDOWN
  1180, // ER_ERROR_DURING_COMMIT
  1927, // ER_CONNECTION_KILLED
]);

/** Answers to a COMMIT that say it was a rollback; any other leaves open what has happened. */
const ROLLED_BACK: ReadonlySet<number> = new Set([
  ER_CHECKREAD,
  ER_LOCK_DEADLOCK,
  1290, // ER_OPTION_PREVENTS_STATEMENT: read-only meanwhile
  1792, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  1836, // ER_READ_ONLY_MODE
  3101, // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: another node of the cluster was first
]);

/** What an error of mysql2 says of the COMMIT that it answers. */
export function kindOfMysqlCommitError(error: unknown): TroubleKind {
  const errno = errnoOf(error);
  return errno !== undefined && ROLLED_BACK.has(errno) ? kindOfMysqlError(error) : 'unknown';
}

/** What an error of mysql2 says of the statement that it answers. */
export function kindOfMysqlError(error: unknown): TroubleKind {
  const errno = errnoOf(error);
  if (errno === undefined || UNKNOWN.has(errno)) return 'unknown';
  return UNAVAILABLE.has(errno) ? 'unavailable' : 'refused';
}

export function mysqlTrouble(cause: unknown, kind = kindOfMysqlError(cause)): SqlTrouble {
  return new SqlTrouble(messageOf(cause), { kind, cause });
}

/** The number of the server's error, in an error of mysql2 or in one that wraps it. */
export function errnoOf(error: unknown): number | undefined {
  let current = error;
  for (let depth = 0; depth < DEPTH_MAX && isObject(current); depth += 1) {
    // Errors of the network have a number too, and no SQLSTATE.
    const { errno, sqlState } = current as { errno?: unknown; sqlState?: unknown };
    if (typeof errno === 'number' && typeof sqlState === 'string') return errno;
    current = (current as { cause?: unknown }).cause;
  }
  return undefined;
}

const DEPTH_MAX = 5;

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
