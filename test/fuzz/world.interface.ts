import type { TransactionManager } from 'nestjs-dtx';

import type { Dialect } from './dialect.interface.js';
import type { Model, TableModel } from './model.js';
import type { Row, Snapshot } from './snapshot.js';

/** A connection that is lent for a local transaction, or statements that commit by themselves. */
export interface Session {
  begin(): Promise<unknown>;
  /** @returns how many rows it wrote or read */
  send(sql: string): Promise<number>;
  commit(): Promise<unknown>;
  rollback(): Promise<unknown>;
}

export interface Database {
  lend<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** @returns undefined when it is no answer of the database to a statement */
  codeOf(error: unknown): string | undefined;
  /** Whether AT mode cannot carry the statement out, and the database says so. */
  isRefusal?(error: unknown): boolean;
}

/** A database that is written to without AT mode. */
export interface Copy extends Database {
  snapshot(): Promise<Snapshot>;
  /** @param counters of {@link Outside} */
  setCounters(counters: readonly string[]): Promise<void>;
  /** Makes tables what they are in the main database, whatever triggers and foreign keys think. */
  align(tables: readonly TableModel[]): Promise<void>;
  /** Whether the engine itself has let a foreign key lead nowhere, and not so in AT mode. */
  isUnsound?(): boolean;
}

/** The main database, as somebody sees it who knows nothing of AT mode. */
export interface Outside {
  snapshot(): Promise<Snapshot>;
  /** Statements that put the counters of a copy where they are here. */
  counters(): Promise<readonly string[]>;
  remove(table: TableModel, rows: readonly Row[]): Promise<void>;
  countUndoRows(): Promise<number>;
  forgetUndoRows(): Promise<void>;
}

/** The database that the transactions write to, and others that only see what was committed. */
export interface World {
  readonly title: string;
  readonly dialect: Dialect;
  readonly model: Model;
  readonly manager: TransactionManager;
  /** In AT mode. */
  readonly main: Database;
  readonly outside: Outside;
  /** Where the second differs from the first, columns are random by themselves. */
  readonly copies: readonly [Copy, Copy];
  /** Two databases as the file has made them, to try statements on. */
  tryOut<T>(work: (one: Copy, other: Copy) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
