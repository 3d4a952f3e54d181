import type { SqlSession } from '../../at-engine.interface.js';
import { isTransient, sqlStateOf } from '../session.js';

/** A row did not take its before image. Stays inside this folder. */
export class NotRestoredError extends Error {
  override readonly name = 'NotRestoredError';
}

/** Why work failed, for an operator and for what is tried next. */
export interface Failure {
  /**
   * Names constraints and SQLSTATEs, but is never the text of an error of the database, which may
   * quote what is in the row.
   */
  readonly reason: string;
  readonly isUniqueViolation: boolean;
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
): Promise<Failure | undefined> {
  await session.query(`SAVEPOINT ${savepoint}`);
  try {
    await work();
  } catch (error) {
    if (!(error instanceof NotRestoredError) && isTransient(error)) throw error;
    await session.query(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
    return failureOf(error);
  }
  await session.query(`RELEASE ${savepoint}`);
  return undefined;
}

const UNIQUE_VIOLATION = '23505';
const EXCLUSION_VIOLATION = '23P01';

function failureOf(error: unknown): Failure {
  if (error instanceof NotRestoredError) {
    return { reason: error.message, isUniqueViolation: false };
  }
  const state = sqlStateOf(error) ?? '';
  const { constraint } = error as { readonly constraint?: unknown };
  const name = typeof constraint === 'string' ? ` of constraint "${constraint}"` : '';
  return {
    reason: `${MEANINGS[state] ?? 'the database refuses it'}${name} (SQLSTATE ${state})`,
    isUniqueViolation: [UNIQUE_VIOLATION, EXCLUSION_VIOLATION].includes(state),
  };
}

const MEANINGS: Readonly<Record<string, string>> = {
  '23503': 'a row that is not part of the transaction stands in the way',
  [UNIQUE_VIOLATION]: 'another row has taken a unique value that it had',
  '23514': 'a check no longer allows it',
  '42501': 'the role of the data source lacks a privilege',
  [EXCLUSION_VIOLATION]: 'another row has taken a value that excludes it',
  P0001: 'a trigger refuses it',
};
