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
 * - `accepted`: a person has decided to leave the branch as it is; a heuristic outcome.
 *
 * @publicApi
 */
export type BranchStatus = 'registered' | 'abandoned' | 'done' | 'needs-attention' | 'accepted';

/**
 * Kind of work a branch did, in Seata's terms.
 *
 * @publicApi
 */
export type BranchType = 'AT' | 'TCC' | 'XA' | 'SAGA';

/** What a session is an instance of: picks its entry in SESSION_KINDS. */
export type SessionKind = 'two-phase';

/**
 * Why a global transaction was rolled back.
 *
 * @publicApi
 */
export type RollbackReason = 'requested' | 'rollback-only' | 'timeout' | 'restart';

/** In which order phase two comes to the branches of a session. */
export type DriveOrder =
  /** All at once: they do not depend on each other. */
  | 'together'
  /** One after the other, from the highest sequence number to the lowest. */
  | 'last-first';

/** What tells one kind of session from another. */
export interface SessionKindRules {
  /** From each state, the states a session may go to. Everything else is refused. */
  readonly transitions: Readonly<Record<GlobalStatus, readonly GlobalStatus[]>>;
  /** For each decided state: how its branches are driven, and where the session ends. */
  readonly phaseTwo: Readonly<
    Partial<
      Record<
        GlobalStatus,
        {
          readonly call: 'commit' | 'rollback';
          readonly order: DriveOrder;
          readonly end: GlobalStatus;
        }
      >
    >
  >;
}

/** The state machines of all kinds of sessions. */
export const SESSION_KINDS: Readonly<Record<SessionKind, SessionKindRules>> = {
  'two-phase': {
    transitions: {
      active: ['committing', 'rolling-back'],
      committing: ['committed'],
      committed: [],
      'rolling-back': ['rolled-back'],
      'rolled-back': [],
    },
    phaseTwo: {
      committing: { call: 'commit', order: 'together', end: 'committed' },
      // A later branch may have changed what an earlier one wrote.
      'rolling-back': { call: 'rollback', order: 'last-first', end: 'rolled-back' },
    },
  },
};

/** From each branch state, the states it may go to. */
export const BRANCH_TRANSITIONS: Readonly<Record<BranchStatus, readonly BranchStatus[]>> = {
  registered: ['abandoned', 'done', 'needs-attention', 'accepted'],
  abandoned: [],
  done: [],
  'needs-attention': ['registered', 'done', 'accepted'],
  accepted: [],
};

/** Whether the decision to commit is durable. */
export function isCommitDecided(status: GlobalStatus): boolean {
  return status === 'committing' || status === 'committed';
}

/** Whether nothing will happen to the global transaction any more. */
export function isEnded(status: GlobalStatus): boolean {
  return status === 'committed' || status === 'rolled-back';
}
