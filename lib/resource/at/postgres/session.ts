import { codeOf } from '../../../protocol/index.js';
import { failpoint } from '../../../system/index.js';
import type { SqlSession } from '../at-engine.interface.js';

/**
 * Runs the work in a transaction of its own. READ COMMITTED and READ WRITE are said aloud, since
 * the defaults of the role or the database may be others.
 *
 * @param settings lines such as `lock_timeout = '2s'`, for this transaction only
 */
export async function inTransaction<T>(
  session: SqlSession,
  settings: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE';
  await session.query([begin, ...settings.map((setting) => `SET LOCAL ${setting}`)].join('; '));
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
  const { command } = await sent;
  if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}`);
  return result;
}

/** The first column of the first row, as text. */
export async function queryText(
  session: SqlSession,
  text: string,
  values: readonly unknown[] = [],
): Promise<string> {
  const { rows } = await session.query(text, values);
  return String(Object.values(rows[0] ?? {})[0]);
}

/**
 * The first column of all rows, which must be JSON text. Numbers and flags travel inside it, so
 * that parsers that the application has set for its types cannot change them.
 */
export async function queryJson<T>(
  session: SqlSession,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly T[]> {
  const { rows } = await session.query(text, values);
  return rows.map((row) => JSON.parse(String(Object.values(row)[0])) as T);
}

/** SQLSTATE of an error that the server has sent. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * SQLSTATEs after which the same may succeed later: lost connections, deadlocks and serialization,
 * exhausted resources, locks that are not available, cancelled queries and servers that go down.
 */
const TRANSIENT_STATE = /^(08...|40...|53...|55006|55P03|57014|57P0.|58...|XX000)$/;

/** Whether trying again later makes sense. What is not from the server is about the connection. */
export function isTransient(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || TRANSIENT_STATE.test(state);
}
