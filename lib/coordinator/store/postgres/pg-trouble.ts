import { codeOf, messageOf } from '../../../protocol/index.js';
import type { TroubleKind } from '../sql/index.js';
import { SqlTrouble } from '../sql/index.js';

const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * Classes of SQLSTATE that are about this statement: data, constraints, transaction rollback (a
 * deadlock), program limits, and a lock that was not to be had in time.
 */
const ABOUT_THE_STATEMENT = new Set(['22', '23', '40', '54', '55']);

/**
 * What comes with the end of a connection, perhaps behind a commit that has happened: connection
 * exceptions, the shutdown of the server or the session, errors of the system, internal errors; and
 * "completion unknown". The class decides, since the severity is a word in the server's language.
 */
const COMPLETION_UNKNOWN = /^(08|57P|58|XX)|^40003$/;

/** What an error of pg says of the statement that it answers. */
export function kindOfPgError(error: unknown): TroubleKind {
  const code = codeOf(error);
  if (code === undefined || !SQLSTATE.test(code) || COMPLETION_UNKNOWN.test(code)) return 'unknown';
  return ABOUT_THE_STATEMENT.has(code.slice(0, 2)) ? 'refused' : 'unavailable';
}

export function pgTrouble(cause: unknown, kind: TroubleKind = kindOfPgError(cause)): SqlTrouble {
  return new SqlTrouble(messageOf(cause), { kind, cause });
}
