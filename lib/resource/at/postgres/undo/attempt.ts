import type { SqlSession } from '../../at-engine.interface.js';
import { isTransient, sqlStateOf } from '../session.js';

/** A row did not take its before image. Stays inside this folder. */
export class NotRestoredError extends Error {
  override readonly name = 'NotRestoredError';
}

/**
 * Does the work behind a savepoint.
 *
 * @returns why it failed, after taking back what it did; undefined when it succeeded
 * @throws errors that say nothing about the work: a deadlock, a time-out, a lost connection
 */
export async function attempt(
  session: SqlSession,
  savepoint: string,
  work: () => Promise<void>,
): Promise<string | undefined> {
  await session.query(`SAVEPOINT ${savepoint}`);
  try {
    await work();
  } catch (error) {
    if (!(error instanceof NotRestoredError) && isTransient(error)) throw error;
    await session.query(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
    return reasonOf(error);
  }
  await session.query(`RELEASE ${savepoint}`);
  return undefined;
}

/**
 * Why a row could not be restored, for an operator. It names constraints and SQLSTATEs, but never
 * the text of the error, which may quote what is in the row.
 */
function reasonOf(error: unknown): string {
  if (error instanceof NotRestoredError) return error.message;
  const state = sqlStateOf(error) ?? '';
  const { constraint } = error as { readonly constraint?: unknown };
  const name = typeof constraint === 'string' ? ` of constraint "${constraint}"` : '';
  return `${MEANINGS[state] ?? 'the database refuses it'}${name} (SQLSTATE ${state})`;
}

const MEANINGS: Readonly<Record<string, string>> = {
  '23503': 'a row that is not part of the transaction stands in the way',
  '23505': 'another row has taken a unique value that it had',
  '23514': 'a check no longer allows it',
  '42501': 'the role of the data source lacks a privilege',
  P0001: 'a trigger refuses it',
};
