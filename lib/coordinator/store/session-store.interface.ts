import type { Session, SessionChange, SessionKey } from '../core/index.js';

/** Deletes records of sessions that ended before the given time, the oldest first. */
export interface PurgeCommand {
  readonly kind: 'purge';
  readonly endedBeforeMs: number;
  readonly countMax: number;
}

/** One conditional write. Each one is answered on its own. */
export type StoreCommand = SessionChange | PurgeCommand;

export type StoreAnswer =
  /** Durable now. `count` is the number of records that were written or deleted. */
  | { readonly kind: 'done'; readonly count: number }
  /** The condition did not hold; `found` is what stands there when the whole batch is through. */
  | { readonly kind: 'refused'; readonly found: Session | undefined }
  /** Certainly not applied. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** It may have been applied or not: only reading tells. */
  | { readonly kind: 'unknown'; readonly error: unknown };

/** Which sessions a node takes over. */
export interface ClaimRequest {
  /** Who takes them. */
  readonly owner: string;
  /** `lapsed`: whose lease ended at `nowMs` or before. `open`: all that have not ended. */
  readonly which: 'lapsed' | 'open';
  readonly nowMs: number;
  /**
   * Of its own, those whose lease ended then or before: what a node has let lapse itself is meant
   * for the others first. @default nowMs
   */
  readonly ownLapsedAtMs?: number;
  /** Their new lease. */
  readonly leaseUntilMs: number;
  readonly countMax: number;
}

/** Which records a person wants to see. */
export interface SessionQuery {
  /** `attention`: open ones with a branch that needs attention. */
  readonly which: 'open' | 'ended' | 'attention';
  /** @default all of them */
  readonly namespace?: string;
  readonly countMax: number;
}

/** A wait of a global transaction for rows of another one, as nodes tell each other. */
export interface PostedWait {
  readonly namespace: string;
  readonly waiterXid: string;
  readonly holderXid: string;
}

/** What a node tells the others about those who wait at it. */
export interface WaitPosting {
  readonly node: string;
  /** All of its long waits, instead of what it has posted before; none takes the posting down. */
  readonly waits: readonly PostedWait[];
  readonly nowMs: number;
  /** Until when it counts, unless it is posted anew: a node may die. */
  readonly untilMs: number;
}

/** Where the nodes of a shared store see who waits for whom. Nothing in it has to survive. */
export interface WaitBoard {
  /**
   * Posts what the node has, and answers with what the other nodes have posted that still counts.
   *
   * @throws StoreUnavailableError
   */
  exchange(posting: WaitPosting): Promise<readonly PostedWait[]>;
}

/**
 * Where sessions are durable. What a coordinator keeps in memory is a copy of it.
 *
 * A session is one record, its branches included; a write replaces it if the version and the epoch
 * that it was decided on still stand. Commands of one batch share one durable transaction. One
 * that cannot be applied harms no other, except those behind it that were decided on its outcome.
 */
export interface SessionStore {
  /** What messages call it: the file, or the database without its password. */
  readonly place: string;
  /** What to do when it cannot be used. @default what is to be done about a file */
  readonly advice?: string;
  /**
   * Whether other nodes may work on the same records. Otherwise nothing is ever lapsed, and what is
   * open when it is opened has lost its node.
   */
  readonly isShared: boolean;
  /** What weakens its promises, one sentence each; said once, when a coordinator starts on it. */
  readonly warnings?: readonly string[];
  /** How many batches about different sessions it can write side by side. @default 1 */
  readonly batchesAtOnce?: number;
  /**
   * Whether it waits for connections of the application. Whoever holds one must then not be made to
   * wait for what it writes. @default false
   */
  readonly borrowsConnections?: boolean;
  /** Only where nodes share the store. Without it circles over several nodes end by time alone. */
  readonly waits?: WaitBoard | undefined;
  /**
   * Never rejects: what went wrong is in the answers, one per command. Several changes of one
   * session follow each other: the second one's `before` is the first one's `after`.
   */
  apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]>;
  /**
   * What is durable, in the order of the keys.
   *
   * @throws StoreUnavailableError
   * @throws SessionUnreadableError a newer version has written one of them: ask for each by itself
   */
  load(keys: readonly SessionKey[]): Promise<readonly (Session | undefined)[]>;
  /**
   * Takes sessions over, each under its next epoch and version, those whose lease lapsed first
   * first. Two nodes that claim at the same time never get the same session. One that cannot be
   * read is left out, and held until its new lease ends.
   *
   * @throws StoreUnavailableError; some may have been taken nevertheless
   */
  claim(request: ClaimRequest): Promise<readonly Session[]>;
  /** Lets the leases of a node that stops lapse now. @throws StoreUnavailableError */
  handOver(owner: string, nowMs: number): Promise<void>;
  /**
   * When the session ended that is the last one to be kept if `countMax` ended ones are; undefined
   * where there are not so many. @throws StoreUnavailableError
   */
  endedAtOfNewest(countMax: number): Promise<number | undefined>;
  /**
   * Open ones: the oldest first. Ended ones: the last one first. One that cannot be read is left
   * out. @throws StoreUnavailableError
   */
  list(query: SessionQuery): Promise<readonly Session[]>;
  close(): Promise<void>;
}
