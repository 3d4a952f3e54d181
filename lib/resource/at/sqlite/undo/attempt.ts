import { codeOf, messageOf } from '../../../../protocol/index.js';
import { isBusy } from '../explain.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';

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
  readonly reason: string;
  readonly isUniqueViolation: boolean;
  /** Another row refers to it, or one is missing to which it refers. */
  readonly isByReference: boolean;
}

/**
 * Does the work behind a savepoint.
 *
 * @returns why it failed, after taking back what it did; undefined when it succeeded
 * @throws errors that say nothing about the work
 */
export function attempt(
  database: SqliteDatabase,
  savepoint: string,
  work: () => void,
): Failure | undefined {
  database.exec(`SAVEPOINT ${savepoint}`);
  try {
    work();
  } catch (error) {
    // A trigger of the user may end the transaction itself; then there is nothing to go back to.
    if (isBusy(error) || !database.inTransaction) throw error;
    database.exec(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
    return failureOf(error);
  }
  database.exec(`RELEASE ${savepoint}`);
  return undefined;
}

const UNIQUE_VIOLATIONS = [
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
  'SQLITE_CONSTRAINT_ROWID',
];

/** Messages of constraints name tables and columns, and nothing that is in a row. */
function failureOf(error: unknown): Failure {
  if (error instanceof NotRestoredError) {
    const { isByReference, message } = error;
    return { reason: message, isUniqueViolation: false, isByReference };
  }
  const code = codeOf(error) ?? '';
  const detail = code.startsWith('SQLITE_CONSTRAINT') && code !== TRIGGER ? messageOf(error) : code;
  return {
    reason: `${MEANINGS[code] ?? 'SQLite refuses it'} (${detail})`,
    isUniqueViolation: UNIQUE_VIOLATIONS.includes(code),
    isByReference: code === REFERENCE_VIOLATION,
  };
}

const REFERENCE_VIOLATION = 'SQLITE_CONSTRAINT_FOREIGNKEY';
const TRIGGER = 'SQLITE_CONSTRAINT_TRIGGER';
const TAKEN = 'another row has taken a unique value that it had';

const MEANINGS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(UNIQUE_VIOLATIONS.map((code) => [code, TAKEN])),
  [REFERENCE_VIOLATION]: 'a row that is not part of the transaction stands in the way',
  SQLITE_CONSTRAINT_CHECK: 'a check no longer allows it',
  SQLITE_CONSTRAINT_NOTNULL: 'a column no longer allows NULL',
  [TRIGGER]: 'a trigger refuses it',
};
