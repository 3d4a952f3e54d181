/**
 * State of a global transaction as its coordinator keeps it.
 *
 * - `active`: branches may join.
 * - `committing`: the decision to commit is durable; branches are being finished.
 * - `committed`: every branch is finished.
 * - `rolling-back`: the decision to roll back is durable; branches are being restored.
 * - `rolled-back`: every branch is restored.
 *
 * @publicApi
 */
export type GlobalStatus = 'active' | 'committing' | 'committed' | 'rolling-back' | 'rolled-back';

/**
 * State of one branch.
 *
 * - `registered`: phase one is under way or done; phase two is still to come.
 * - `abandoned`: phase one was rolled back locally; there is nothing to finish.
 * - `done`: phase two is finished.
 * - `needs-attention`: phase two cannot be finished without a person; the reason stands beside it.
 *
 * @publicApi
 */
export type BranchStatus = 'registered' | 'abandoned' | 'done' | 'needs-attention';

/**
 * Kind of work a branch did, in Seata's terms. Only `AT` exists today.
 *
 * @publicApi
 */
export type BranchType = 'AT' | 'TCC' | 'XA' | 'SAGA';

/** Picks the transition table and the order in which branches are driven. */
export type SessionKind = 'two-phase';

/**
 * Why a global transaction was rolled back.
 *
 * @publicApi
 */
export type RollbackReason = 'requested' | 'rollback-only' | 'timeout' | 'restart';

/** From each state, the states a two-phase session may go to. Everything else is refused. */
export const GLOBAL_TRANSITIONS: Readonly<Record<GlobalStatus, readonly GlobalStatus[]>> = {
  active: ['committing', 'rolling-back'],
  committing: ['committed'],
  committed: [],
  'rolling-back': ['rolled-back'],
  'rolled-back': [],
};

/** From each branch state, the states it may go to. */
export const BRANCH_TRANSITIONS: Readonly<Record<BranchStatus, readonly BranchStatus[]>> = {
  registered: ['abandoned', 'done', 'needs-attention'],
  abandoned: [],
  done: [],
  'needs-attention': ['registered', 'done'],
};

/** Whether the decision to commit is durable. */
export function isCommitDecided(status: GlobalStatus): boolean {
  return status === 'committing' || status === 'committed';
}

/** Whether nothing will happen to the global transaction any more. */
export function isEnded(status: GlobalStatus): boolean {
  return GLOBAL_TRANSITIONS[status].length === 0;
}
