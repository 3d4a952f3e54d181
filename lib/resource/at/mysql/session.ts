import { failpoint } from '../../../system/index.js';
import type { SqlSession } from '../at-engine.interface.js';
import { BRANCH, OWN, TAG } from './agreement.js';

/**
 * What the session of an application or the server may have set otherwise. Zero dates, impossible
 * dates, 0 in counted columns and an ENUM that is no member are values like others, so the mode is
 * not strict: what is restored is read back. Not NO_BACKSLASH_ESCAPES: drivers escape parameters
 * with backslashes.
 */
const SETTINGS = [
  "sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'",
  "time_zone = '+00:00'",
  "collation_connection = 'utf8mb4_bin'",
  'sql_select_limit = DEFAULT',
  'sql_safe_updates = 0',
  'foreign_key_checks = 1',
  'unique_checks = 1',
  'autocommit = 1',
  'innodb_lock_wait_timeout = 3',
  'lock_wait_timeout = 3',
  `${TAG} = NULL`,
  `${BRANCH} = NULL`,
  `${OWN} = 1`,
].join(', ');

/** At this level no gaps are locked, so nobody is held up by rows that are not there. */
const ISOLATION = 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED';

const settled = new WeakSet<SqlSession>();

/** Makes the session one of ours, once: it is never given to the application. */
export async function settle(session: SqlSession): Promise<void> {
  if (settled.has(session)) return;
  await session.query(`SET ${SETTINGS}`);
  await session.query(ISOLATION);
  settled.add(session);
}

/** Gives the session other settings, until it is settled again. */
export async function resettle(session: SqlSession, settings: string): Promise<void> {
  settled.delete(session);
  await session.query(`SET ${settings}`);
}

/** Runs the work in a transaction of its own. */
export async function inTransaction<T>(session: SqlSession, work: () => Promise<T>): Promise<T> {
  await settle(session);
  await session.query('START TRANSACTION READ WRITE');
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // If this fails too, the session is gone; the first error says more.
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
  const sent = session.query('COMMIT');
  failpoint('at.session.commit.sent');
  await sent;
  return result;
}

/** The rows, each value as text or NULL. Columns of a query need aliases. */
export async function queryRows<Name extends string>(
  session: SqlSession,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Readonly<Record<Name, string | null>>[]> {
  const { rows } = await session.query(text, values);
  return rows.map((row) => {
    const entries = Object.entries(row).map(([name, value]) => [name, textOf(value)]);
    return Object.fromEntries(entries) as Record<Name, string | null>;
  });
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  const scalar = value as string | number | bigint;
  return String(scalar);
}

/** Number of an error that the server has sent. */
export function errnoOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if (!('errno' in error) || !('sqlState' in error)) return undefined;
  return typeof error.errno === 'number' && error.errno > 0 ? error.errno : undefined;
}

/** What the server says of it. */
export function serverTextOf(error: unknown): string {
  const { sqlMessage, message } = error as { readonly sqlMessage?: unknown; message?: unknown };
  return String(sqlMessage ?? message);
}

/**
 * After these the same may succeed later: too many connections, a server that goes down or does not
 * take writes, the network, lock waits, deadlocks, statements that were cut off or found another
 * version of a row.
 */
const TRANSIENT = new Set([
  1020, 1028, 1040, 1041, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1180, 1184, 1203, 1205,
  1206, 1213, 1226, 1290, 1317, 1792, 1836, 1927, 1969, 2006, 2013, 3024, 3572, 4031,
]);

/** Whether trying again later makes sense. What is not from the server is about the connection. */
export function isTransient(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === undefined || TRANSIENT.has(errno);
}
