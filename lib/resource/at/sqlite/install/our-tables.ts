import { FENCE_TABLE, SCHEMA_VERSION, UNDO_TABLE, VERSION_TABLE } from '../agreement.js';
import { rowsOf } from '../read-rows.js';
import { prepared } from '../prepared.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';

/** `(tbl, pk)` is the lock; an image that is NULL says that there is no row. */
const CREATE: Readonly<Record<string, readonly string[]>> = {
  [UNDO_TABLE]: [
    `CREATE TABLE main.${UNDO_TABLE} (
  seq INTEGER PRIMARY KEY,
  tbl TEXT NOT NULL,
  pk TEXT NOT NULL,
  xid TEXT NOT NULL,
  branch TEXT NOT NULL,
  shape TEXT NOT NULL,
  before TEXT,
  after TEXT,
  broken INTEGER NOT NULL DEFAULT 0,
  UNIQUE (tbl, pk)
)`,
    `CREATE INDEX main.dtx_undo_row_branch ON ${UNDO_TABLE} (xid, branch)`,
  ],
  [FENCE_TABLE]: [
    `CREATE TABLE main.${FENCE_TABLE} (
  xid TEXT NOT NULL,
  branch TEXT NOT NULL,
  state INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (xid, branch)
) WITHOUT ROWID`,
  ],
  [VERSION_TABLE]: [
    `CREATE TABLE main.${VERSION_TABLE} (version INTEGER NOT NULL)`,
    `INSERT INTO ${VERSION_TABLE} (version) VALUES (${String(SCHEMA_VERSION)})`,
  ],
};

/** Statements that create what is missing. */
export function missingTables(database: SqliteDatabase): readonly string[] {
  const found = rowsOf<{ name: string }>(
    database,
    `SELECT name FROM main.sqlite_master WHERE type = 'table' AND name LIKE 'dtx%'`,
  ).map(({ name }) => name);
  return Object.entries(CREATE).flatMap(([name, statements]) =>
    found.includes(name) ? [] : statements,
  );
}

/** Creates what is missing. Safe to repeat, and while another process does the same. */
export function createTables(database: SqliteDatabase): void {
  if (missingTables(database).length === 0) return;
  inTransaction(database, () => {
    // Asked again behind the lock: another process may have been here.
    for (const statement of missingTables(database)) database.exec(statement);
  });
}

/** Version of the tables in the file; undefined when there are none. */
export function installedVersion(database: SqliteDatabase): number | undefined {
  const exists = rowsOf(database, `SELECT 1 FROM main.sqlite_master WHERE name = ?`, VERSION_TABLE);
  if (exists.length === 0) return undefined;
  const [row] = rowsOf<{ version: number | bigint }>(
    database,
    `SELECT max(version) AS version FROM main.${VERSION_TABLE}`,
  );
  return Number(row?.version);
}

/** Runs the work in a transaction that has the file for itself from the start. */
export function inTransaction<T>(database: SqliteDatabase, work: () => T): T {
  prepared(database, 'BEGIN IMMEDIATE').run();
  try {
    const result = work();
    prepared(database, 'COMMIT').run();
    return result;
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
