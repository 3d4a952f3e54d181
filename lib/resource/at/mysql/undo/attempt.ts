import type { SqlSession } from '../../at-engine.interface.js';
import { errnoOf, isTransient } from '../session.js';

/** A row did not take its before image. Stays inside this folder. */
export class NotRestoredError extends Error {
  override readonly name = 'NotRestoredError';
  readonly isByReference: boolean;

  /** @param isByReference a foreign key is the reason. @default false */
  constructor(message: string, isByReference = false) {
    super(message);
    this.isByReference = isByReference;
  }
}

/** Why rows failed that may be restored in another order. */
export const OUT_OF_ORDER = 'rows stand in the way of each other';

/** Why work failed, for an operator and for what is tried next. */
export interface Failure {
  /** Never the text of an error of the database, which may quote what is in the row. */
  readonly reason: string;
  readonly isUniqueViolation: boolean;
  /** Another row refers to it, or one is missing to which it refers. */
  readonly isByReference: boolean;
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
    await session.query(`ROLLBACK TO SAVEPOINT ${savepoint}`);
    return failureOf(error);
  }
  await session.query(`RELEASE SAVEPOINT ${savepoint}`);
  return undefined;
}

const UNIQUE_VIOLATIONS: readonly (number | undefined)[] = [1062, 1169, 1586];
const REFERENCE_VIOLATIONS: readonly (number | undefined)[] = [1451, 1452];

function failureOf(error: unknown): Failure {
  if (error instanceof NotRestoredError) {
    const { isByReference, message } = error;
    return { reason: message, isUniqueViolation: false, isByReference };
  }
  const errno = errnoOf(error);
  const meaning = MEANINGS[errno ?? 0] ?? 'the database refuses it';
  return {
    reason: `${meaning} (error ${String(errno)})`,
    isUniqueViolation: UNIQUE_VIOLATIONS.includes(errno),
    isByReference: REFERENCE_VIOLATIONS.includes(errno),
  };
}

const TAKEN = 'another row has taken a unique value that it had';
const REFERRED = 'a row that is not part of the transaction stands in the way';
const CHECKED = 'a check no longer allows it';

const MEANINGS: Readonly<Record<number, string>> = {
  1062: TAKEN,
  1142: 'the user of the data source lacks a privilege',
  1143: 'the user of the data source lacks a privilege',
  1169: TAKEN,
  1451: REFERRED,
  1452: REFERRED,
  1586: TAKEN,
  1644: 'a trigger refuses it',
  3819: CHECKED,
  4025: CHECKED,
};
