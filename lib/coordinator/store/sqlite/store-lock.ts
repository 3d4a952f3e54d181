import type { SqliteDatabase, SqliteDriver } from './sqlite-database.interface.js';

/** Held while one process owns a store. */
export interface StoreLock {
  release(): void;
}

/**
 * Takes the lock of a store, or returns undefined when somebody else has it.
 *
 * The lock is an exclusive transaction on a file beside the store: the operating system ends it
 * with the process, also on kill -9, and the store itself stays readable for other programs. The
 * file is never deleted, or two processes could each hold a lock on a file of that name.
 */
export function takeStoreLock(driver: SqliteDriver, file: string): StoreLock | undefined {
  const database = driver.open(`${file}-lock`);
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return {
    release: () => {
      releaseLock(database);
    },
  };
}

function releaseLock(database: SqliteDatabase): void {
  database.exec('ROLLBACK');
  database.close();
}

const BUSY_RESULT_CODE = 5;

/** better-sqlite3 names SQLite's result in `code`, node:sqlite numbers it in `errcode`. */
function isBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'SQLITE_BUSY' || errcode === BUSY_RESULT_CODE;
}
