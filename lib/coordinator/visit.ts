import type { Clock, GlobalSummary, OperateRequest } from '../protocol/index.js';
import { OutcomeUnknownError, SessionContendedError } from '../protocol/index.js';
import type { Turn } from './core/index.js';
import { decide, summaryOf } from './core/index.js';
import type { SessionStore } from './store/index.js';
import { writeFailure } from './store/index.js';

interface Visit {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly namespace: string;
}

/** How often the order is given anew because a node has changed the session meanwhile. */
const TRIES_MAX = 10;

const VISITOR = { owner: 'visitor', leaseMs: 0 } as const;
const NO_LIMIT = { attemptsMax: Infinity, ageMsMax: Infinity } as const;

/**
 * Gives a person's order in the store itself, without a coordinator: the node that drives the
 * session, or another one, takes it over with the order within about a second.
 *
 * @throws OperationRefusedError
 * @throws StoreUnavailableError, SessionContendedError, SessionUnreadableError nothing was changed
 * @throws OutcomeUnknownError the order may have been given or not; it can be repeated
 */
export async function operateAsVisitor(
  { clock, namespace, store }: Visit,
  request: OperateRequest,
): Promise<GlobalSummary> {
  const { xid } = request;
  const [found] = await store.load([{ namespace, xid }]);
  let standing = found;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const turn: Turn = { ...VISITOR, nowMs: clock.now(), patience: NO_LIMIT };
    const decision = decide(standing, { kind: 'operate', request }, turn);
    if (decision.refusal !== undefined) throw decision.refusal;
    if (decision.change === undefined) return summaryOf(xid, standing);
    const [answer] = await store.apply([decision.change]);
    if (answer?.kind === 'done') return summaryOf(xid, decision.standing);
    if (answer?.kind === 'failed') throw writeFailure(store, answer.error);
    if (answer?.kind !== 'refused') {
      throw new OutcomeUnknownError(xid, request.action, { cause: answer?.error });
    }
    standing = answer.found;
  }
  throw new SessionContendedError(xid, request.action);
}
