import { SESSION_KINDS } from '../../protocol/index.js';
import type { Decision, Effect } from './decision.js';
import { changed, unchanged } from './decision.js';
import type { Branch, Session } from './session.js';
import { isFinished, withBranch } from './session.js';
import { moveSession } from './transitions.js';
import type { Turn } from './turn.js';

const ENDED: readonly Effect[] = ['release', 'ended'];

/** Ends a decided session whose branches are all finished. */
export function end(session: Session | undefined, turn: Turn): Decision {
  if (session === undefined) return unchanged(session);
  return endDecision(session, session, turn) ?? unchanged(session);
}

/** One branch is another now. The last one to finish ends its session in the same write. */
export function branchChanged(
  session: Session,
  branch: Branch,
  turn: Turn,
  effects: readonly Effect[] = [],
): Decision {
  const after = withBranch(session, branch);
  const ended = endDecision(session, after, turn, branch);
  return ended ?? changed(turn, { kind: 'change-branch', before: session, after, branch, effects });
}

/**
 * The decision that ends the session, if it is decided and nothing is left to do.
 *
 * @param before what is durable
 * @param after what stands after this step, which may be the one that finishes the last branch
 */
export function endDecision(
  before: Session,
  after: Session,
  turn: Turn,
  branch?: Branch,
): Decision | undefined {
  const phaseTwo = SESSION_KINDS[after.kind].phaseTwo[after.status];
  if (phaseTwo === undefined || !after.branches.every(isFinished)) return undefined;
  return changed(turn, {
    kind: 'end',
    before,
    after: {
      ...moveSession(after, phaseTwo.end),
      endedAtMs: turn.nowMs,
      branches: after.branches.map(archived),
    },
    ...(branch !== undefined && { branch }),
    effects: ENDED,
  });
}

/** What is kept of a branch: a repeated registration must find it, and people ask what it did. */
function archived(branch: Branch): Branch {
  return {
    ...branch,
    data: undefined,
    pendingSinceMs: undefined,
    dueAtMs: 0,
    failedAttempts: [],
  };
}
