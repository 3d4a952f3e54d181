import { InvalidOptionError, MissingPeerError } from '../../../../protocol/index.js';
import type { AtEngine } from '../../../at/index.js';
import type { SqliteSource } from '../../../at/sqlite/index.js';
import { ConnectionCapture, SqliteAtEngine } from '../../../at/sqlite/index.js';

interface SqliteVisitOptions {
  /** Path of the file. */
  readonly file: string;
  /** What messages call it. */
  readonly place: string;
  readonly schemas: readonly string[] | undefined;
  readonly guard: boolean;
}

/** The engine for an SQLite file, for a program that is no part of the application. */
interface SqliteVisit {
  readonly engine: AtEngine;
  close(): Promise<void>;
}

/** The application has the file for the length of its local transactions. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens the file beside the application: it waits for the application's transactions, and leaves
 * the journal and the locking of the file as they are. A file that is not there is not made.
 *
 * @throws MissingPeerError when the package better-sqlite3 is not there
 * @throws InvalidOptionError for what an SQLite file does not have
 */
export async function visitSqlite({
  file,
  guard,
  place,
  schemas,
}: SqliteVisitOptions): Promise<SqliteVisit> {
  assertNoOptions(schemas, guard);
  const Database = await loadBetterSqlite3();
  const database = new Database(file, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  const capture = new ConnectionCapture(database);
  const source: SqliteSource = {
    // eslint-disable-next-line @typescript-eslint/require-await -- SQLite answers at once
    withDatabase: async (work) => work(capture),
  };
  const close = (): Promise<void> => {
    database.close();
    return Promise.resolve();
  };
  return { engine: new SqliteAtEngine({ source, resourceId: place }), close };
}

function assertNoOptions(schemas: readonly string[] | undefined, guard: boolean): void {
  if (schemas !== undefined) {
    const fix = 'An SQLite file has no schemas, and all of its tables are captured: leave it out.';
    throw new InvalidOptionError({ option: '--schema', value: schemas, fix });
  }
  if (guard) {
    const fix =
      'The triggers of SQLite live in the connections of the application, so it is the option ' +
      'guard of its data source alone that counts: leave it out.';
    throw new InvalidOptionError({ option: '--guard', value: guard, fix });
  }
}

/** The first database loads the native part, which may be missing where the package is not. */
async function loadBetterSqlite3() {
  try {
    const { default: Database } = await import('better-sqlite3');
    new Database(':memory:').close();
    return Database;
  } catch (cause) {
    throw new MissingPeerError(
      'better-sqlite3',
      'Work on an SQLite file',
      'Run "npm install better-sqlite3"; after a change of Node, "npm rebuild better-sqlite3".',
      { cause },
    );
  }
}
