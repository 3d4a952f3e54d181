import type { SqliteDatabase } from './sqlite-database.interface.js';

/** Rows of a statement. Numbers may come as bigint, where the application has asked for it. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- of the SQL
export function rowsOf<Row>(
  database: SqliteDatabase,
  sql: string,
  ...values: readonly unknown[]
): readonly Row[] {
  return database.prepare(sql).all(...values) as Row[];
}

/** The text that has created the table or index; empty for one that a constraint has made. */
export function sqlOf(database: SqliteDatabase, type: 'table' | 'index', name: string): string {
  const sql = `SELECT sql FROM main.sqlite_master WHERE type = ? AND name = ?`;
  const [row] = rowsOf<{ readonly sql: string | null }>(database, sql, type, name);
  return row?.sql ?? '';
}
