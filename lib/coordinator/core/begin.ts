import type { BeginRequest, DtxError } from '../../protocol/index.js';
import {
  NAME_LENGTH_MAX,
  NEVER_MS,
  RESOURCE_ID_LENGTH_MAX,
  TIMEOUT_MS_MAX,
} from '../../protocol/index.js';
import { clip } from './clip.js';
import type { CommandOf } from './command.js';
import type { Decision } from './decision.js';
import { changed, refused, unchanged } from './decision.js';
import { limitExceeded } from './limits.js';
import type { Session } from './session.js';
import type { Turn } from './turn.js';

export function begin(
  session: Session | undefined,
  { namespace, request }: CommandOf<'begin'>,
  turn: Turn,
): Decision {
  if (session !== undefined) return unchanged(session);
  const refusal = beginRefusal(namespace, request);
  if (refusal !== undefined) return refused(undefined, refusal);
  const after = newSession(namespace, request, turn.nowMs);
  return changed(turn, { kind: 'begin', before: undefined, after, effects: ['watch-due'] });
}

/** Why the session cannot begin. */
export function beginRefusal(
  namespace: string,
  { applicationId, timeoutMs }: Omit<BeginRequest, 'xid'>,
): DtxError | undefined {
  return (
    limitExceeded('namespace', namespace.length, RESOURCE_ID_LENGTH_MAX) ??
    limitExceeded('applicationId', applicationId.length, RESOURCE_ID_LENGTH_MAX) ??
    limitExceeded('timeoutMs', timeoutMs, TIMEOUT_MS_MAX)
  );
}

/** An active session without branches; owner, epoch, lease and version come with the turn. */
export function newSession(namespace: string, request: BeginRequest, nowMs: number): Session {
  return {
    namespace,
    xid: request.xid,
    kind: 'two-phase',
    name: clip(request.name, NAME_LENGTH_MAX),
    applicationId: request.applicationId,
    status: 'active',
    reason: undefined,
    rollbackOnly: undefined,
    timeoutMs: request.timeoutMs,
    beganAtMs: nowMs,
    decidedAtMs: undefined,
    endedAtMs: undefined,
    dueAtMs: nowMs + request.timeoutMs,
    owner: '',
    epoch: 0,
    leaseUntilMs: NEVER_MS,
    version: 0,
    branches: [],
  };
}
