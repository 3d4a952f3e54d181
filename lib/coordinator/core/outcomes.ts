import type { BranchOutcome } from '../../protocol/index.js';
import {
  BRANCH_RESULT_LENGTH_MAX,
  ERROR_TEXT_LENGTH_MAX,
  FAILED_ATTEMPTS_KEPT_MAX,
  FAILED_ATTEMPT_LENGTH_MAX,
  NEVER_MS,
  isEnded,
} from '../../protocol/index.js';
import { clip } from './clip.js';
import type { CommandOf } from './command.js';
import type { Decision } from './decision.js';
import { changed, unchanged } from './decision.js';
import { branchChanged } from './ending.js';
import { nextBranches } from './next-branches.js';
import type { Branch, Session } from './session.js';
import { findBranch, isFinished, withBranch } from './session.js';
import { moveBranch } from './transitions.js';
import type { Turn } from './turn.js';

/** Phase two of a branch was answered. */
export function branchOutcome(
  session: Session | undefined,
  command: CommandOf<'branch-outcome'>,
  turn: Turn,
): Decision {
  const branch = session && findBranch(session, command.branchId);
  if (session === undefined || branch === undefined || isFinished(branch)) {
    return unchanged(session);
  }
  // Phase two of an undecided session is nobody's order; believing its outcome would lose a branch.
  if (session.status === 'active') return unchanged(session);
  const after = afterOutcome(branch, command, turn);
  if (after === branch) return unchanged(session);
  return branchChanged(session, after, command.isOffered === true ? offering(turn) : turn);
}

/**
 * A session that takes longer than its lease stays with its node. A branch that has waited for too
 * long without a call, since its resource is gone, is left to a person.
 */
export function renew(
  session: Session | undefined,
  { leaseMs }: CommandOf<'renew'>,
  turn: Turn,
): Decision {
  if (session === undefined || isEnded(session.status)) return unchanged(session);
  const longer = { ...turn, leaseMs: Math.max(leaseMs, turn.leaseMs) };
  const tired = nextBranches(session).filter((branch) => isTooOld(branch, turn));
  if (tired.length === 0) {
    if (session.leaseUntilMs === NEVER_MS) return unchanged(session);
    return changed(longer, { kind: 'renew', before: session, after: session });
  }
  const parked = tired.map((branch) => parkedForAge(branch, turn));
  const after = parked.reduce(withBranch, session);
  return changed(longer, { kind: 'change-session', before: session, after, effects: ['drive'] });
}

/** A lease that ends when the session is due: whoever comes by then may try. */
function offering(turn: Turn): Turn {
  return turn.leaseMs === Infinity ? turn : { ...turn, leaseMs: 1 };
}

function afterOutcome(
  branch: Branch,
  { outcome, retryAtMs }: CommandOf<'branch-outcome'>,
  turn: Turn,
): Branch {
  if (outcome.kind === 'done') {
    return { ...moveBranch(branch, 'done'), result: clippedResult(outcome) };
  }
  // A late failure tells nothing new about a branch that waits for a person.
  if (branch.status !== 'registered') return branch;
  const failed = withFailure({ ...branch, attempts: branch.attempts + 1 }, outcome.error, turn);
  if (outcome.kind === 'cannot' || isTired(failed, turn)) {
    return moveBranch(failed, 'needs-attention');
  }
  return { ...failed, dueAtMs: retryAtMs };
}

function isTired(branch: Branch, turn: Turn): boolean {
  return branch.attempts >= turn.patience.attemptsMax || isTooOld(branch, turn);
}

/** Whether phase two of the branch could have been done for longer than anybody waits. */
export function isTooOld(
  { pendingSinceMs }: Branch,
  { nowMs, patience }: Pick<Turn, 'nowMs' | 'patience'>,
): boolean {
  return pendingSinceMs !== undefined && nowMs - pendingSinceMs >= patience.ageMsMax;
}

function parkedForAge(branch: Branch, turn: Turn): Branch {
  const reason = `not finished within ${String(turn.patience.ageMsMax)} ms: no more is tried`;
  return moveBranch(withFailure(branch, reason, turn), 'needs-attention');
}

/** The branch with one more entry in its bounded history. */
export function withFailure(branch: Branch, reason: string, { nowMs }: Turn): Branch {
  const lastError = clip(reason, ERROR_TEXT_LENGTH_MAX);
  const error = clip(lastError, FAILED_ATTEMPT_LENGTH_MAX);
  const kept = branch.failedAttempts.slice(1 - FAILED_ATTEMPTS_KEPT_MAX);
  return { ...branch, lastError, failedAttempts: [...kept, { atMs: nowMs, error }] };
}

function clippedResult({ result }: Extract<BranchOutcome, { kind: 'done' }>): string | undefined {
  return result === undefined ? undefined : clip(result, BRANCH_RESULT_LENGTH_MAX);
}
