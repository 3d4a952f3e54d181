import type { OperatorAction } from '../../protocol/index.js';
import { OperationRefusedError, SESSION_KINDS, isEnded } from '../../protocol/index.js';
import type { CommandOf } from './command.js';
import type { Decision } from './decision.js';
import { changed, refused, unchanged } from './decision.js';
import { withFailure } from './outcomes.js';
import type { Branch, Session } from './session.js';
import { findBranch, isFinished, withBranch } from './session.js';
import { moveBranch } from './transitions.js';
import type { Turn } from './turn.js';

type Operation = (branch: Branch, turn: Turn) => Branch;

const OPERATIONS: Readonly<Record<OperatorAction, Operation>> = {
  retry: (branch, { nowMs }) => ({
    ...(branch.status === 'registered' ? branch : moveBranch(branch, 'registered')),
    attempts: 0,
    pendingSinceMs: undefined,
    dueAtMs: nowMs,
  }),
  stop: (branch, turn) =>
    branch.status === 'needs-attention'
      ? branch
      : moveBranch(
          withFailure(branch, 'a person has stopped the retries', turn),
          'needs-attention',
        ),
  accept: (branch) => moveBranch(branch, 'accepted'),
};

/** What a person orders about the unfinished branches of a decided session. */
export function operate(
  session: Session | undefined,
  { request }: CommandOf<'operate'>,
  turn: Turn,
): Decision {
  const { action, branchId, xid } = request;
  if (session === undefined) {
    return refused(
      session,
      new OperationRefusedError(xid, action, 'the coordinator does not know it'),
    );
  }
  if (branchId !== undefined && findBranch(session, branchId) === undefined) {
    return refused(session, new OperationRefusedError(xid, action, `it has no branch ${branchId}`));
  }
  if (isEnded(session.status)) return unchanged(session);
  if (SESSION_KINDS[session.kind].phaseTwo[session.status] === undefined) {
    return refused(session, new OperationRefusedError(xid, action, `it is ${session.status}`));
  }
  const meant = session.branches.filter(
    (branch) => !isFinished(branch) && (branchId === undefined || branch.branchId === branchId),
  );
  const moved = meant.map((branch) => OPERATIONS[action](branch, turn));
  if (moved.every((branch, index) => branch === meant[index])) return unchanged(session);
  const after = moved.reduce(withBranch, session);
  // Whoever drives the session has to learn of it, also if nothing is left to do: it ends it.
  return changed(turn, { kind: 'change-session', before: session, after, effects: ['drive'] });
}
