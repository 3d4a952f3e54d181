import type { SqliteDatabase, SqliteStatement } from './sqlite-database.interface.js';

const STATEMENTS = new WeakMap<SqliteDatabase, Map<string, SqliteStatement>>();

/**
 * The statement, prepared once per connection: to prepare one takes longer than most of ours run.
 * Only for texts of which there are few, since they are kept as long as the connection.
 */
export function prepared(database: SqliteDatabase, sql: string): SqliteStatement {
  let statements = STATEMENTS.get(database);
  if (statements === undefined) {
    statements = new Map();
    STATEMENTS.set(database, statements);
  }
  let statement = statements.get(sql);
  if (statement === undefined) {
    statement = database.prepare(sql);
    statements.set(sql, statement);
  }
  return statement;
}
