import type { GlobalStatus } from '../../protocol/index.js';
import type { Decision, Effect } from './decision.js';
import { changed, unchanged } from './decision.js';
import type { Branch, Session } from './session.js';
import { isFinished } from './session.js';
import { moveSession } from './transitions.js';

/** Where a decided session ends. */
const END_OF: Readonly<Partial<Record<GlobalStatus, GlobalStatus>>> = {
  committing: 'committed',
  'rolling-back': 'rolled-back',
};

const ENDED: readonly Effect[] = ['release', 'ended'];

/** Ends a decided session whose branches are all finished. */
export function end(session: Session | undefined, now: number): Decision {
  if (session === undefined) return unchanged(session);
  return endDecision(session, now) ?? unchanged(session);
}

interface EndingStep {
  /** The durable status, where the session was decided in this very step. */
  readonly from?: GlobalStatus;
  /** The branch that was finished in this very step. */
  readonly lastBranch?: Branch;
}

/** The decision that ends the session, if it is decided and nothing is left to do. */
export function endDecision(
  session: Session,
  now: number,
  { from = session.status, lastBranch }: EndingStep = {},
): Decision | undefined {
  const to = END_OF[session.status];
  if (to === undefined || !session.branches.every(isFinished)) return undefined;
  const after = { ...moveSession(session, to), endedAtMs: now, branches: [] };
  const hadBranches = session.branches.length > 0;
  return changed({ kind: 'end', after, from, hadBranches, lastBranch }, ENDED);
}
