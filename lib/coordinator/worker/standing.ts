import { NEVER_MS, isCommitDecided, isEnded } from '../../protocol/index.js';
import type { Session } from '../core/index.js';
import { isFinished, nextBranches } from '../core/index.js';

/** What stands under an xid. */
export type Standing = Session | undefined;

/** Whether rows that the session has written may still be locked. */
export function holdsRows(session: Standing): boolean {
  if (session === undefined || isCommitDecided(session.status)) return false;
  return !isEnded(session.status);
}

/** Whether all that is left of a decided session needs a person. */
export function isDormant(session: Session): boolean {
  if (session.status === 'active' || isEnded(session.status)) return false;
  return nextBranches(session).length === 0 && !session.branches.every(isFinished);
}

/** Whether nothing happens to the session before somebody asks for it. */
export function isAtRest(session: Session): boolean {
  return isEnded(session.status) || (isDormant(session) && session.leaseUntilMs === NEVER_MS);
}
