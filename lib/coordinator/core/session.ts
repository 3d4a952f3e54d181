import type {
  BranchStatus,
  BranchType,
  FailedAttempt,
  GlobalStatus,
  RollbackReason,
  SessionKind,
} from '../../protocol/index.js';

/** One branch as its coordinator keeps it. */
export interface Branch {
  readonly branchId: string;
  /** 1 for the first branch of its session; rollback goes from the highest to the lowest. */
  readonly seq: number;
  readonly type: BranchType;
  readonly resourceId: string;
  readonly applicationId: string;
  /** The process of the application that did phase one, if it was not the coordinator's own. */
  readonly instanceId: string | undefined;
  readonly data: string | undefined;
  readonly status: BranchStatus;
  /** What phase two has answered. */
  readonly result: string | undefined;
  /** Since when it is its turn in phase two, counted anew when a person orders a retry. */
  readonly pendingSinceMs: number | undefined;
  /** Phase-two calls since then that were answered with something else than done. */
  readonly attempts: number;
  /** When phase two is to be tried next. */
  readonly dueAtMs: number;
  readonly lastError: string | undefined;
  /** The last failed attempts, the oldest first. */
  readonly failedAttempts: readonly FailedAttempt[];
}

/** One global transaction as its coordinator keeps it. Never changed in place. */
export interface Session {
  readonly namespace: string;
  readonly xid: string;
  readonly kind: SessionKind;
  readonly name: string;
  readonly applicationId: string;
  readonly status: GlobalStatus;
  readonly reason: RollbackReason | undefined;
  readonly rollbackOnly: string | undefined;
  readonly timeoutMs: number;
  readonly beganAtMs: number;
  readonly decidedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** Active: when it is rolled back for having taken too long. Decided: when phase two goes on. */
  readonly dueAtMs: number;
  /** The coordinator node that drives it. */
  readonly owner: string;
  /** Counts its owners: who writes under an old epoch changes nothing. */
  readonly epoch: number;
  /** Until then other nodes keep their hands off it. NEVER_MS: there is nothing to be done. */
  readonly leaseUntilMs: number;
  /** Counts its changes. Every write names the version that it was decided on. */
  readonly version: number;
  /** In the order of `seq`. */
  readonly branches: readonly Branch[];
}

/** Where a session is found. */
export type SessionKey = Pick<Session, 'namespace' | 'xid'>;

const FINISHED: Readonly<Record<BranchStatus, boolean>> = {
  registered: false,
  'needs-attention': false,
  abandoned: true,
  done: true,
  accepted: true,
};

/** Whether phase two of the branch needs nobody any more. */
export function isFinished(branch: Branch): boolean {
  return FINISHED[branch.status];
}

/** The same session with one branch replaced. */
export function withBranch(session: Session, branch: Branch): Session {
  const branches = session.branches.map((old) => (old.branchId === branch.branchId ? branch : old));
  return { ...session, branches };
}

export function findBranch(session: Session, branchId: string): Branch | undefined {
  return session.branches.find((branch) => branch.branchId === branchId);
}
