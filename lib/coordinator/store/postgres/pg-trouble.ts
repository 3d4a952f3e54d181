import { codeOf, messageOf } from '../../../protocol/index.js';
import type { TroubleKind } from '../sql/index.js';
import { SqlTrouble } from '../sql/index.js';

const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * Classes of SQLSTATE that are about this statement: data, constraints, transaction rollback (a
 * deadlock), program limits, and a lock that was not to be had in time.
 */
const ABOUT_THE_STATEMENT = new Set(['22', '23', '40', '54', '55']);

/** The server itself does not know: connection exceptions, and "completion unknown". */
const COMPLETION_UNKNOWN = /^08|^40003$/;

/** What an error of pg says of the statement that it answers. */
export function kindOfPgError(error: unknown): TroubleKind {
  const code = codeOf(error);
  if (code === undefined || !SQLSTATE.test(code) || COMPLETION_UNKNOWN.test(code)) return 'unknown';
  // FATAL comes with the end of the connection, also behind a commit that has happened.
  if ((error as { severity?: unknown }).severity !== 'ERROR') return 'unknown';
  return ABOUT_THE_STATEMENT.has(code.slice(0, 2)) ? 'refused' : 'unavailable';
}

export function pgTrouble(cause: unknown, kind: TroubleKind = kindOfPgError(cause)): SqlTrouble {
  return new SqlTrouble(messageOf(cause), { kind, cause });
}
