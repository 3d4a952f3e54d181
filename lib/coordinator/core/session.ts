import type {
  BranchStatus,
  BranchType,
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
  readonly data: string | undefined;
  readonly status: BranchStatus;
  /** Phase-two calls that were answered with something else than done. */
  readonly attempts: number;
  /** When phase two is to be tried again. */
  readonly dueAtMs: number;
  readonly lastError: string | undefined;
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
  /** When an active session is rolled back for having taken too long. */
  readonly dueAtMs: number;
  /** The coordinator that drives it, and the number of its turn: stale writers change nothing. */
  readonly owner: string;
  readonly epoch: number;
  readonly endedAtMs: number | undefined;
  /** In the order of `seq`. Empty once the session has ended. */
  readonly branches: readonly Branch[];
}

/** Whether phase two of the branch needs nobody any more. */
export function isFinished(branch: Branch): boolean {
  return branch.status === 'done' || branch.status === 'abandoned';
}

/** The same session with one branch replaced. */
export function withBranch(session: Session, branch: Branch): Session {
  const branches = session.branches.map((old) => (old.branchId === branch.branchId ? branch : old));
  return { ...session, branches };
}

export function findBranch(session: Session, branchId: string): Branch | undefined {
  return session.branches.find((branch) => branch.branchId === branchId);
}
