/** What SQLite can store, as JavaScript values; nothing here needs more than 53 bits. */
export type SqliteValue = string | number | null;

export type SqliteRow = Readonly<Record<string, unknown>>;

/** A prepared statement. All calls block: SQLite runs in this thread. */
export interface SqliteStatement {
  /** Runs it and returns how many rows were changed. */
  run(...values: readonly SqliteValue[]): number;
  all(...values: readonly SqliteValue[]): readonly SqliteRow[];
}

/** One connection to one SQLite file, whichever package brings it. */
export interface SqliteDatabase {
  /** Runs statements that return nothing. */
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface SqliteOpenOptions {
  readonly isReadOnly?: boolean;
}

/** Opens files. One adapter per package that brings SQLite. */
export interface SqliteDriver {
  /** For messages, such as `better-sqlite3`. */
  readonly name: string;
  open(file: string, options?: SqliteOpenOptions): SqliteDatabase;
}
