import type { BranchTag } from '../at/index.js';

/** What the start has found out about preparing transactions in a database. */
export interface XaReport {
  /** How many may be prepared at a time by this data source; undefined = the server sets none. */
  readonly slots: number | undefined;
  /** For the start log, one sentence each. */
  readonly warnings: readonly string[];
}

/** A branch of ours that the database lists as prepared. */
export interface PreparedBranch extends BranchTag {
  /** Where the database remembers it. */
  readonly ageMs?: number;
  /** By which endingOf() tells later how it has ended, where the database remembers that. */
  readonly proof?: string;
}

/** Which way a prepared branch is to end. */
export type Ending = 'commit' | 'rollback';

/**
 * What became of it:
 *
 * - `done`: the database has ended it, that way.
 * - `absent`: it is not prepared; the list has been looked at.
 * - `busy`: it is prepared, and its own connection, which lives elsewhere, has to end it.
 * - `reversed`: the database says that it has ended it the other way.
 */
export type EndingAnswer = 'done' | 'absent' | 'busy' | 'reversed';

/** Two-phase commit in one kind of database. */
export interface XaEngine {
  /** @throws XaUnavailableError it cannot, as it is set up; the message says what to change */
  check(): Promise<XaReport>;
  /** The id under which the branch is prepared, as the statements of the database take it. */
  nameOf(tag: BranchTag): string;
  /** Those of this data source; never any others. */
  list(): Promise<readonly PreparedBranch[]>;
  /**
   * Over a connection of our own.
   *
   * @param sessionId of the connection that has prepared it and was given up; the server may not
   *   have noticed that yet
   * @param onLost called when it was sent, and its answer will not be read
   */
  end(
    tag: BranchTag,
    ending: Ending,
    sessionId?: string,
    onLost?: () => void,
  ): Promise<EndingAnswer>;
  /** Whether the connection is free once it has prepared. @default true */
  readonly detachesOnPrepare?: boolean;
  /**
   * The answer to PREPARE was lost: says, for ever, whether it has happened. Ends the session that
   * had sent it, since that might do it still.
   */
  resolvePrepare(tag: BranchTag, sessionId: string | undefined): Promise<boolean>;
  /** How a transaction has ended of which a proof was kept; undefined where nobody can say. */
  endingOf(proof: string): Promise<Ending | undefined>;
  /** Whether a branch will not end by itself after this error: the user may not, for one. */
  isHopeless(error: unknown): boolean;
  /** Whether the error says that no further transaction can be prepared on the server now. */
  isExhausted(error: unknown): boolean;
}

/** A branch that a connection of this process has prepared. */
export interface PreparedHold {
  /**
   * Ends it over the connection that has prepared it, where the database wants that. `undefined`
   * when that connection is gone: another one can do it then.
   */
  readonly end?: (ending: Ending, onLost: () => void) => Promise<EndingAnswer | undefined>;
  /** Gives that connection up, so that other processes can end the branch. */
  readonly letGo?: () => void;
  /** By which the database knows that connection. */
  readonly sessionId?: string;
}
