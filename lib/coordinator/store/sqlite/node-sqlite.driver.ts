import type * as NodeSqlite from 'node:sqlite';

import type {
  SqliteDatabase,
  SqliteDriver,
  SqliteOpenOptions,
  SqliteStatement,
  SqliteValue,
} from './sqlite-database.interface.js';

/** The driver over node:sqlite, where the runtime has it (Node 22.13 and later). */
export function findNodeSqlite(): SqliteDriver | undefined {
  const sqlite = builtin();
  if (sqlite === undefined) return undefined;
  return {
    name: 'node:sqlite',
    open: (file, options) => new NodeSqliteDatabase(sqlite.DatabaseSync, file, options),
  };
}

/** An import would fail where the module is missing; this asks first. */
function builtin(): typeof NodeSqlite | undefined {
  return process.getBuiltinModule('node:sqlite');
}

class NodeSqliteDatabase implements SqliteDatabase {
  readonly #database: NodeSqlite.DatabaseSync;

  constructor(
    Database: typeof NodeSqlite.DatabaseSync,
    file: string,
    options: SqliteOpenOptions = {},
  ) {
    this.#database = new Database(file, { readOnly: options.isReadOnly === true });
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string): SqliteStatement {
    const statement = this.#database.prepare(sql);
    return {
      run: (...values: SqliteValue[]) => Number(statement.run(...values).changes),
      all: (...values: SqliteValue[]) => statement.all(...values),
    };
  }

  close(): void {
    this.#database.close();
  }
}
