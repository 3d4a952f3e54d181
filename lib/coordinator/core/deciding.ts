import {
  ERROR_TEXT_LENGTH_MAX,
  GlobalNotActiveError,
  isCommitDecided,
} from '../../protocol/index.js';
import type { RollbackReason } from '../../protocol/index.js';
import { clip } from './clip.js';
import type { CommandOf } from './command.js';
import type { Decision, Effect } from './decision.js';
import { changed, refused, unchanged } from './decision.js';
import { endDecision } from './ending.js';
import type { Branch, Session } from './session.js';
import { isFinished } from './session.js';
import { moveSession } from './transitions.js';
import type { Turn } from './turn.js';

/** Rows of a committing session can be had; those of a rolling-back one only when it has ended. */
const COMMITTING: readonly Effect[] = ['release', 'drive'];
const ROLLING_BACK: readonly Effect[] = ['drive'];

/** Decides to commit, unless somebody has forbidden it or a decision stands. */
export function commit(session: Session | undefined, turn: Turn): Decision {
  if (session?.status !== 'active') return unchanged(session);
  if (session.rollbackOnly !== undefined) return decideRollback(session, 'rollback-only', turn);
  return decided(session, moveSession(session, 'committing'), COMMITTING, turn);
}

/** Decides to roll back, unless a decision stands. */
export function rollback(
  session: Session | undefined,
  reason: RollbackReason,
  turn: Turn,
): Decision {
  if (session?.status !== 'active') return unchanged(session);
  return decideRollback(session, reason, turn);
}

/** Rolls back a session whose time is up. */
export function timeout(session: Session | undefined, turn: Turn): Decision {
  if (session === undefined || turn.nowMs < session.dueAtMs) return unchanged(session);
  return rollback(session, 'timeout', turn);
}

/** Forbids the commit. The first reason stays: it is the one that started it. */
export function setRollbackOnly(
  session: Session | undefined,
  { xid, reason }: CommandOf<'set-rollback-only'>,
  turn: Turn,
): Decision {
  if (session === undefined) return refused(undefined, new GlobalNotActiveError(xid, 'absent'));
  // Silence would let the caller believe that the commit was stopped.
  if (isCommitDecided(session.status)) {
    return refused(session, new GlobalNotActiveError(xid, session.status));
  }
  if (session.status !== 'active' || session.rollbackOnly !== undefined) return unchanged(session);
  const after = { ...session, rollbackOnly: clip(reason, ERROR_TEXT_LENGTH_MAX) };
  return changed(turn, { kind: 'change-session', before: session, after });
}

function decideRollback(session: Session, reason: RollbackReason, turn: Turn): Decision {
  return decided(session, { ...moveSession(session, 'rolling-back'), reason }, ROLLING_BACK, turn);
}

/** A session without unfinished branches ends in the write that decides it. */
function decided(
  session: Session,
  moved: Session,
  effects: readonly Effect[],
  turn: Turn,
): Decision {
  const { nowMs } = turn;
  const pending = (branch: Branch): Branch =>
    isFinished(branch) ? branch : { ...branch, dueAtMs: nowMs };
  const after = { ...moved, decidedAtMs: nowMs, branches: session.branches.map(pending) };
  const ended = endDecision(session, after, turn);
  return ended ?? changed(turn, { kind: 'decide', before: session, after, effects });
}
