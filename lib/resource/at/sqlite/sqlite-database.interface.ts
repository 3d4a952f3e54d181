/** A prepared statement, as better-sqlite3 has it. */
export interface SqliteStatement {
  /** Whether it writes nothing. SQLite itself says so; it is no guess from the text. */
  readonly readonly: boolean;
  run(...values: readonly unknown[]): { readonly changes: number | bigint };
  all(...values: readonly unknown[]): unknown[];
  get(...values: readonly unknown[]): unknown;
  /** From now on it gives the first column instead of the row. */
  pluck(): SqliteStatement;
}

/** A synchronous connection to one SQLite file: the part of better-sqlite3 that is used. */
export interface SqliteDatabase {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  function(name: string, options: object, body: (...values: unknown[]) => unknown): unknown;
}

/** The one connection of a data source, lent for the resource manager's own work. */
export interface SqliteSource {
  /**
   * Runs the work while no local transaction of the application is open. It is synchronous, so
   * that nobody can come between its statements.
   */
  withDatabase<T>(work: (connection: CapturedConnection) => T): Promise<T>;
}

/** A connection whose writes are captured. */
export interface CapturedConnection {
  readonly database: SqliteDatabase;
  /** Runs work of our own, which is neither captured nor stopped. */
  quietly<T>(work: () => T): T;
  /**
   * Brings the triggers up to date, whatever they are now. Not in a transaction.
   *
   * @param mode whether our tables are created where they are missing, now and later on
   */
  renewTriggers(mode?: 'mend' | 'check'): void;
  dropTriggers(): void;
}
