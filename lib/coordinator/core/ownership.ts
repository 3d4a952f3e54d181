import type { GlobalStatus } from '../../protocol/index.js';
import { NEVER_MS, isEnded } from '../../protocol/index.js';
import { nextBranches, turnsNoted } from './next-branches.js';
import type { Session } from './session.js';
import { isFinished } from './session.js';
import type { Turn } from './turn.js';

/**
 * The session as the deciding node writes it: its own, with the next version and a new lease. Spelt
 * out, since every change of every session comes through here, and a spread of so many members is
 * many times slower.
 */
export function stamp(before: Session | undefined, after: Session, turn: Turn): Session {
  const isOwn = before?.owner === turn.owner;
  const epoch = before === undefined ? 1 : before.epoch + (isOwn ? 0 : 1);
  const dueAtMs = dueOf(after, turn.nowMs);
  return {
    namespace: after.namespace,
    xid: after.xid,
    kind: after.kind,
    name: after.name,
    applicationId: after.applicationId,
    status: after.status,
    reason: after.reason,
    rollbackOnly: after.rollbackOnly,
    timeoutMs: after.timeoutMs,
    beganAtMs: after.beganAtMs,
    decidedAtMs: after.decidedAtMs,
    endedAtMs: after.endedAtMs,
    dueAtMs,
    owner: turn.owner,
    epoch,
    leaseUntilMs: leaseOf(after.status, dueAtMs, turn),
    version: (before?.version ?? 0) + 1,
    branches: turn.leaseMs === 0 ? after.branches : turnsNoted(after, turn.nowMs).branches,
  };
}

/**
 * Until when others keep their hands off. An active session needs nobody before its time is up, so
 * its lease costs no write of its own; a decided one is to be finished by somebody soon. A visitor
 * (a lease of 0) drives nothing: whoever comes next takes the session.
 */
function leaseOf(status: GlobalStatus, dueAtMs: number, { leaseMs, nowMs }: Turn): number {
  if (isEnded(status)) return NEVER_MS;
  // Not its own time: a visitor's clock must not keep the others away.
  if (leaseMs === 0) return 0;
  return Math.min(NEVER_MS, Math.max(nowMs, dueAtMs) + leaseMs);
}

/** When somebody has to do something; never, if all that is left needs a person. */
function dueOf(session: Session, nowMs: number): number {
  if (session.status === 'active') return session.dueAtMs;
  if (session.branches.every(isFinished)) return nowMs;
  return nextBranches(session).reduce((due, branch) => Math.min(due, branch.dueAtMs), NEVER_MS);
}
