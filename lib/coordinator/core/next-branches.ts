import { SESSION_KINDS } from '../../protocol/index.js';
import type { Branch, Session } from './session.js';

/** The branches whose turn it is in phase two. */
export function nextBranches(session: Session): readonly Branch[] {
  const phaseTwo = SESSION_KINDS[session.kind].phaseTwo[session.status];
  if (phaseTwo === undefined) return [];
  const waiting = session.branches.filter(({ status }) => status === 'registered');
  return phaseTwo.order === 'last-first' ? waiting.slice(-1) : waiting;
}

/** The session with the time noted at each branch whose turn has come just now. */
export function turnsNoted(session: Session, nowMs: number): Session {
  const fresh = nextBranches(session).filter(({ pendingSinceMs }) => pendingSinceMs === undefined);
  if (fresh.length === 0) return session;
  const begun = new Set(fresh);
  const branches = session.branches.map((branch) =>
    begun.has(branch) ? { ...branch, pendingSinceMs: nowMs } : branch,
  );
  return { ...session, branches };
}
