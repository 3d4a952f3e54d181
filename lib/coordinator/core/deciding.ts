import {
  ERROR_TEXT_LENGTH_MAX,
  GlobalNotActiveError,
  isCommitDecided,
} from '../../protocol/index.js';
import type { RollbackReason } from '../../protocol/index.js';
import type { CommandOf } from './command.js';
import type { Decision, Effect } from './decision.js';
import { changed, refused, unchanged } from './decision.js';
import { endDecision } from './ending.js';
import type { Session } from './session.js';
import { moveSession } from './transitions.js';

/** Rows of a committing session can be had; those of a rolling-back one only when it has ended. */
const COMMITTING: readonly Effect[] = ['release', 'drive'];
const ROLLING_BACK: readonly Effect[] = ['drive'];

/** Decides to commit, unless somebody has forbidden it or a decision stands. */
export function commit(session: Session | undefined, now: number): Decision {
  if (session?.status !== 'active') return unchanged(session);
  if (session.rollbackOnly !== undefined) return decideRollback(session, 'rollback-only', now);
  return decided(session, moveSession(session, 'committing'), COMMITTING, now);
}

/** Decides to roll back, unless a decision stands. */
export function rollback(
  session: Session | undefined,
  reason: RollbackReason,
  now: number,
): Decision {
  if (session?.status !== 'active') return unchanged(session);
  return decideRollback(session, reason, now);
}

/** Rolls back a session whose time is up. */
export function timeout(session: Session | undefined, now: number): Decision {
  if (session === undefined || now < session.dueAtMs) return unchanged(session);
  return rollback(session, 'timeout', now);
}

/** Forbids the commit. The first reason stays: it is the one that started it. */
export function setRollbackOnly(
  session: Session | undefined,
  { xid, reason }: CommandOf<'set-rollback-only'>,
): Decision {
  if (session === undefined) return refused(undefined, new GlobalNotActiveError(xid, 'absent'));
  // Silence would let the caller believe that the commit was stopped.
  if (isCommitDecided(session.status)) {
    return refused(session, new GlobalNotActiveError(xid, session.status));
  }
  if (session.status !== 'active' || session.rollbackOnly !== undefined) return unchanged(session);
  const after = { ...session, rollbackOnly: reason.slice(0, ERROR_TEXT_LENGTH_MAX) };
  return changed({ kind: 'change-session', after, from: 'active' });
}

function decideRollback(session: Session, reason: RollbackReason, now: number): Decision {
  const after = { ...moveSession(session, 'rolling-back'), reason };
  return decided(session, after, ROLLING_BACK, now);
}

/** A session without unfinished branches ends in the write that decides it. */
function decided(
  session: Session,
  after: Session,
  effects: readonly Effect[],
  now: number,
): Decision {
  const ended = endDecision(after, now, { from: session.status });
  return ended ?? changed({ kind: 'change-session', after, from: session.status }, effects);
}
