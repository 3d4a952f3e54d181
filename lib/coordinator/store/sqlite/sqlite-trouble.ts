/**
 * Results of SQLite after which a statement has certainly written nothing. Of an I/O error nothing
 * is known: the log may hold the commit already.
 */
const REFUSALS: Readonly<Record<string, number>> = {
  SQLITE_ERROR: 1,
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: 8,
  SQLITE_FULL: 13,
  SQLITE_TOOBIG: 18,
  SQLITE_CONSTRAINT: 19,
  SQLITE_MISMATCH: 20,
  SQLITE_RANGE: 25,
};

const REFUSAL_CODES = new Set(Object.values(REFUSALS));

/** The low byte of an extended result code is the result. */
const RESULT_MASK = 0xff;

/**
 * Whether a statement outside a transaction has failed without a trace. better-sqlite3 names the
 * result in `code`, node:sqlite numbers it in `errcode`; what has neither has not reached SQLite.
 */
export function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return REFUSAL_CODES.has(errcode & RESULT_MASK);
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return true;
  const [, result = ''] = /^(SQLITE_[A-Z]+)/.exec(code) ?? [];
  return Object.hasOwn(REFUSALS, result);
}
