import type { BranchStatus, GlobalStatus } from '../../protocol/index.js';
import { BRANCH_TRANSITIONS, SESSION_KINDS } from '../../protocol/index.js';
import type { Branch, Session } from './session.js';

/** A broken invariant of ours, not a mistake of the caller: hence no code. */
class IllegalTransitionError extends Error {
  override readonly name = 'IllegalTransitionError';
}

/** The session in its new status. Asserts every step against the one table. */
export function moveSession(session: Session, ...steps: readonly GlobalStatus[]): Session {
  const { transitions } = SESSION_KINDS[session.kind];
  let from = session.status;
  for (const to of steps) {
    if (!transitions[from].includes(to)) {
      throw new IllegalTransitionError(`Session ${session.xid} cannot go from ${from} to ${to}.`);
    }
    from = to;
  }
  return { ...session, status: from };
}

/** The branch in its new status. Asserts the step against the one table. */
export function moveBranch(branch: Branch, to: BranchStatus): Branch {
  if (!BRANCH_TRANSITIONS[branch.status].includes(to)) {
    throw new IllegalTransitionError(
      `Branch ${branch.branchId} cannot go from ${branch.status} to ${to}.`,
    );
  }
  return { ...branch, status: to };
}
