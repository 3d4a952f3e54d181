import {
  BRANCHES_PER_TRANSACTION_MAX,
  BRANCH_DATA_LENGTH_MAX,
  ERROR_TEXT_LENGTH_MAX,
  GlobalNotActiveError,
  RESOURCE_ID_LENGTH_MAX,
} from '../../protocol/index.js';
import type { BranchOutcome, RegisterBranchRequest } from '../../protocol/index.js';
import type { CommandOf } from './command.js';
import type { Decision } from './decision.js';
import { changed, refused, unchanged } from './decision.js';
import { endDecision } from './ending.js';
import { limitExceeded } from './limits.js';
import type { Branch, Session } from './session.js';
import { findBranch, isFinished, withBranch } from './session.js';
import { moveBranch } from './transitions.js';

/**
 * Adds a branch. A branch that is known already is answered as it was the first time, also behind
 * the decision: its phase two finds the fence, and a repeat must not look like a refusal.
 */
export function registerBranch(
  session: Session | undefined,
  { request }: CommandOf<'register-branch'>,
): Decision {
  if (session === undefined) {
    return refused(undefined, new GlobalNotActiveError(request.xid, 'absent'));
  }
  if (findBranch(session, request.branchId) !== undefined) return unchanged(session);
  if (session.status !== 'active') {
    return refused(session, new GlobalNotActiveError(request.xid, session.status));
  }
  const refusal =
    limitExceeded('branches', session.branches.length + 1, BRANCHES_PER_TRANSACTION_MAX) ??
    limitExceeded('data', request.data?.length ?? 0, BRANCH_DATA_LENGTH_MAX) ??
    limitExceeded('resourceId', request.resourceId.length, RESOURCE_ID_LENGTH_MAX) ??
    limitExceeded('applicationId', request.applicationId.length, RESOURCE_ID_LENGTH_MAX);
  if (refusal !== undefined) return refused(session, refusal);
  const branch = newBranch(request, session.branches.length + 1);
  const after = { ...session, branches: [...session.branches, branch] };
  return changed({ kind: 'add-branch', after, branch });
}

/** Phase one was rolled back locally, so phase two has nothing to do. */
export function abandonBranch(
  session: Session | undefined,
  { branchId, reason }: CommandOf<'abandon-branch'>,
  now: number,
): Decision {
  const branch = session && findBranch(session, branchId);
  if (session === undefined || branch?.status !== 'registered') return unchanged(session);
  const abandoned = { ...moveBranch(branch, 'abandoned'), lastError: clip(reason) };
  return branchChanged(session, branch, abandoned, now);
}

/** Phase two of a branch was answered. */
export function branchOutcome(
  session: Session | undefined,
  command: CommandOf<'branch-outcome'>,
  now: number,
): Decision {
  const branch = session && findBranch(session, command.branchId);
  if (session === undefined || branch === undefined || isFinished(branch))
    return unchanged(session);
  // Phase two of an undecided session is nobody's order; believing its outcome would lose a branch.
  if (session.status === 'active') return unchanged(session);
  const after = afterOutcome(branch, command.outcome, command.retryAtMs);
  return after === branch ? unchanged(session) : branchChanged(session, branch, after, now);
}

function afterOutcome(branch: Branch, outcome: BranchOutcome, retryAtMs: number): Branch {
  if (outcome.kind === 'done') return moveBranch(branch, 'done');
  // A late failure tells nothing new about a branch that waits for a person.
  if (branch.status !== 'registered') return branch;
  const failed = { ...branch, attempts: branch.attempts + 1, lastError: clip(outcome.error) };
  if (outcome.kind === 'retry') return { ...failed, dueAtMs: retryAtMs };
  return moveBranch(failed, 'needs-attention');
}

/** The last branch to finish ends its session in the same write. */
function branchChanged(session: Session, before: Branch, branch: Branch, now: number): Decision {
  const after = withBranch(session, branch);
  const end = endDecision(after, now, { lastBranch: branch });
  if (end !== undefined) return end;
  return changed({ kind: 'change-branch', after, branch, from: before.status });
}

function newBranch(request: RegisterBranchRequest, seq: number): Branch {
  return {
    branchId: request.branchId,
    seq,
    type: request.type,
    resourceId: request.resourceId,
    applicationId: request.applicationId,
    data: request.data,
    status: 'registered',
    attempts: 0,
    dueAtMs: 0,
    lastError: undefined,
  };
}

function clip(text: string): string {
  return text.slice(0, ERROR_TEXT_LENGTH_MAX);
}
