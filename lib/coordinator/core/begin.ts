import { NAME_LENGTH_MAX, RESOURCE_ID_LENGTH_MAX, TIMEOUT_MS_MAX } from '../../protocol/index.js';
import type { CommandOf } from './command.js';
import type { Decision } from './decision.js';
import { changed, refused, unchanged } from './decision.js';
import { limitExceeded } from './limits.js';
import type { Session } from './session.js';

export function begin(
  session: Session | undefined,
  { namespace, request, ownership }: CommandOf<'begin'>,
  now: number,
): Decision {
  if (session !== undefined) return unchanged(session);
  const refusal =
    limitExceeded('namespace', namespace.length, RESOURCE_ID_LENGTH_MAX) ??
    limitExceeded('applicationId', request.applicationId.length, RESOURCE_ID_LENGTH_MAX) ??
    limitExceeded('timeoutMs', request.timeoutMs, TIMEOUT_MS_MAX);
  if (refusal !== undefined) return refused(undefined, refusal);
  const after: Session = {
    namespace,
    xid: request.xid,
    kind: 'two-phase',
    name: request.name.slice(0, NAME_LENGTH_MAX),
    applicationId: request.applicationId,
    status: 'active',
    reason: undefined,
    rollbackOnly: undefined,
    timeoutMs: request.timeoutMs,
    beganAtMs: now,
    dueAtMs: now + request.timeoutMs,
    owner: ownership.owner,
    epoch: ownership.epoch,
    endedAtMs: undefined,
    branches: [],
  };
  return changed({ kind: 'begin', after }, ['watch-due']);
}
