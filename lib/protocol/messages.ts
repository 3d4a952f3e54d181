import type { BranchStatus, BranchType, GlobalStatus, RollbackReason } from './status.js';

/** Opens a global transaction. Repeating it with the same xid changes nothing. */
export interface BeginRequest {
  readonly xid: string;
  /** What people see; by default `Class.method`. */
  readonly name: string;
  readonly applicationId: string;
  /** After this long without a decision the coordinator rolls back. */
  readonly timeoutMs: number;
  /**
   * The caller goes on without the answer, so the record may become durable together with the first
   * thing that happens to the transaction. Only for clients that keep the order. @default false
   */
  readonly mayWait?: boolean;
}

/** Adds a branch to an active global transaction. Repeating it with its ids changes nothing. */
export interface RegisterBranchRequest {
  readonly xid: string;
  /** Made by the participant: a positive 63-bit number in decimal. */
  readonly branchId: string;
  readonly type: BranchType;
  readonly resourceId: string;
  readonly applicationId: string;
  /** Tells the processes of one application apart, where the coordinator is in none of them. */
  readonly instanceId?: string;
  /** What the participant wants back in phase two; opaque, at most BRANCH_DATA_LENGTH_MAX. */
  readonly data?: string;
  /** Opens the global transaction first, if there is none of this xid: one call less. */
  readonly begin?: Omit<BeginRequest, 'xid' | 'mayWait'>;
}

/** Tells the coordinator that phase one of a branch was rolled back locally. */
export interface AbandonBranchRequest {
  readonly xid: string;
  readonly branchId: string;
  readonly reason: string;
}

/** Forbids the commit of a global transaction. */
export interface SetRollbackOnlyRequest {
  readonly xid: string;
  readonly reason: string;
}

/** Asks for the decision. */
export interface EndRequest {
  readonly xid: string;
  /** How long to wait for phase two after the decision; 0 answers once the decision is durable. */
  readonly waitMs: number;
}

export interface StatusRequest {
  readonly xid: string;
}

/** Waits until the rows that the xid has locked can be had, or until the time is up. */
export interface AwaitReleaseRequest {
  readonly xid: string;
  readonly timeoutMs: number;
  /** Who waits, if it is a global transaction: it may be part of a circle of such. */
  readonly waiterXid?: string;
  /**
   * Whether a commit may be told of that is decided and on its way to the disk. Only a coordinator
   * in the same process can. @default false
   */
  readonly mayBeForetold?: boolean;
}

/** A phase-two call that did not finish its branch. @publicApi */
export interface FailedAttempt {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly error: string;
}

/** What the coordinator knows of a branch. @publicApi */
export interface BranchSummary {
  readonly branchId: string;
  readonly seq: number;
  readonly type: BranchType;
  readonly resourceId: string;
  readonly status: BranchStatus;
  /** Phase-two attempts that failed so far; a person's `retry` begins to count anew. */
  readonly attempts: number;
  readonly lastError?: string;
  /** The last of them, the oldest first. */
  readonly failedAttempts?: readonly FailedAttempt[];
  /** What phase two has answered. */
  readonly result?: string;
}

/**
 * What the coordinator knows of a global transaction. `absent` means that it has no record: never
 * begun, or ended so long ago that the record was purged.
 *
 * @publicApi
 */
export interface GlobalSummary {
  readonly xid: string;
  readonly status: GlobalStatus | 'absent';
  readonly name?: string;
  /** Why it was rolled back. */
  readonly reason?: RollbackReason;
  /** What was given to setRollbackOnly, if that happened. */
  readonly rollbackOnly?: string;
  readonly branches: readonly BranchSummary[];
}

/** What stands under the xid that somebody has waited for. */
export interface ReleaseSummary extends GlobalSummary {
  /**
   * The waiter is the one that has to give up, because these wait for each other in a circle: each
   * for the next, the last one for the waiter, which stands first.
   */
  readonly circle?: readonly string[];
  /**
   * The commit is only foretold: this resolves with whether it has become durable, and never
   * rejects. Until then nothing may be made of it that cannot be taken back.
   */
  readonly durable?: Promise<boolean>;
}

/** One branch as phase two reaches its resource. */
export interface BranchTarget {
  readonly xid: string;
  readonly branchId: string;
  readonly data?: string;
}

/** What became of phase two of one branch. */
export type BranchOutcome =
  /** `result` is kept with the branch, cut at BRANCH_RESULT_LENGTH_MAX. */
  | { readonly kind: 'done'; readonly result?: string }
  /** It may succeed later: a database that is down, a lock that is taken. */
  | { readonly kind: 'retry'; readonly error: string }
  /** It will not succeed by itself: a person has to look. */
  | { readonly kind: 'cannot'; readonly error: string };

/**
 * What a person can do about phase two of a branch.
 *
 * - `retry`: try again at once, also what needs attention.
 * - `stop`: try no more; the branch needs attention from then on.
 * - `accept`: leave the branch as it is and count it as finished.
 *
 * @publicApi
 */
export type OperatorAction = 'retry' | 'stop' | 'accept';

/** A person's order about one decided global transaction. */
export interface OperateRequest {
  readonly xid: string;
  readonly action: OperatorAction;
  /** @default all branches that are not finished */
  readonly branchId?: string;
}
