/** What goes into a statement as a parameter. Numbers are whole and below 2^53. */
export type SqlValue = string | number | null;

export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlResult {
  readonly rows: readonly SqlRow[];
  /** Rows that an INSERT, UPDATE or DELETE has written; those matched, also if nothing changed. */
  readonly writtenCount: number;
}

/** Runs statements, one at a time. */
export interface SqlConnection {
  /**
   * Outside a transaction the statement is durable when this resolves. Statements with parameters
   * are constant texts: an adapter may prepare them.
   *
   * @throws SqlTrouble
   */
  query(sql: string, values?: readonly SqlValue[]): Promise<SqlResult>;
}

/** A database server, whichever package talks to it. A simulation or a test puts its own in. */
export interface SqlDatabase extends SqlConnection {
  /** What messages call it: host, port and database, without a password. */
  readonly place: string;
  /** Bound of each statement. */
  readonly timeoutMs: number;
  /** Whether its connections are those of the application. @default false */
  readonly borrowsConnections?: boolean;
  /**
   * Runs the work on one connection between BEGIN and COMMIT. What the work throws rolls back and
   * is thrown on.
   *
   * @throws SqlTrouble; it says whether the COMMIT may have happened
   */
  transaction<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T>;
  /** Bounded: a connection that does not answer is given up. */
  close(): Promise<void>;
}

/** What a database adapter throws. */
export class SqlTrouble extends Error {
  override readonly name = 'SqlTrouble';
  readonly kind: TroubleKind;

  constructor(message: string, options: { readonly kind: TroubleKind; readonly cause: unknown }) {
    super(message, { cause: options.cause });
    this.kind = options.kind;
  }
}

export type TroubleKind =
  /** The server took offence at this statement: a value, a deadlock. Nothing was written. */
  | 'refused'
  /** Nothing was written, nor would another statement be: no connection, read-only, disk full. */
  | 'unavailable'
  /**
   * A lost connection says nothing: the same error comes for a request that never arrived and for
   * an answer that was lost.
   */
  | 'unknown';
