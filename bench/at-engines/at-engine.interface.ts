import type { TransactionManager } from 'nestjs-dtx';

/** What a run measures through. */
export type Through = 'raw' | 'typeorm';

/** `plain` is in no AT data source; `captured` is the same table with triggers. */
export type Table = 'plain' | 'captured';

export const POOL_SIZE = 16;

/** What an engine is opened for. */
export interface AtBenchSetup {
  readonly through: Through;
  /** Rows of each table. */
  readonly tableRows: number;
}

/** Rows with the ids from `first` on. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** Round trips of one transaction, counted on the sockets. */
export interface RoundTrips {
  /** What a branch needs on the application's connection beyond a plain local transaction. */
  readonly extra: number;
  /** What the resource manager's own connections need, per transaction. */
  readonly phaseTwo: number;
}

/**
 * A durable database with two equal tables, an application in AT mode with a durable
 * embedded coordinator, and the pieces of work that are compared. A local transaction is BEGIN, one
 * UPDATE of the rows, COMMIT.
 */
export interface AtBenchEngine {
  /** Product and version. */
  readonly server: string;
  readonly manager: TransactionManager;
  /** One UPDATE without a BEGIN, over the driver as it is. */
  autocommit(rows: RowRange): Promise<void>;
  /** A local transaction over the driver as it is. */
  plain(rows: RowRange): Promise<void>;
  /** A local transaction over the driver in AT mode; inside a global transaction it is a branch. */
  captured(rows: RowRange): Promise<void>;
  /**
   * The local transaction of a branch, without its coordinator and without the seam; undefined
   * where it cannot be had by itself.
   */
  readonly captureAlone: ((rows: RowRange) => Promise<void>) | undefined;
  /** Forgets what captureAlone has left, whose branches nobody ends. */
  clearUndo(): Promise<void>;
  isUndoEmpty(): Promise<boolean>;
  /** undefined where there is no socket to count on. */
  countRoundTrips(): Promise<RoundTrips | undefined>;
  close(): Promise<void>;
}
