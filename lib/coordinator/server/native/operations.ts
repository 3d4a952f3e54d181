import type { ClientBodies, Decoded } from '../../../protocol/wire/index.js';
import { fromWireRegisterBranch } from '../../../protocol/wire/index.js';
import { WAIT_MS_MAX } from './limits.js';
import type { Namespace } from './native-server-options.js';

/** Who asks, as its hello has said. */
export interface Caller {
  readonly applicationId: string;
  readonly instanceId: string;
}

/** A message as it came from a client. */
export type ClientRequest = Decoded<ClientBodies>;

/** With a summary, or with nothing. */
type Answer = Promise<unknown>;

/** @param gone aborted when nobody waits for the answer any more */
export type Operation<Body> = (
  namespace: Namespace,
  body: Body,
  caller: Caller,
  gone: AbortSignal | undefined,
) => Answer;

type OperationName = Exclude<
  keyof ClientBodies,
  'attach' | 'detach' | 'goodbye' | 'hello' | 'outcomes' | 'ping' | 'pong' | 'refusal'
>;

/** The requests that the coordinator answers. Who asks tells the stream, not the message. */
const OPERATIONS: {
  readonly [Name in OperationName]: Operation<ClientBodies[Name]>;
} = {
  begin: (namespace, { mayWait, name, timeoutMs, xid }, { applicationId }) =>
    namespace.begin({ xid, name, applicationId, timeoutMs, mayWait: mayWait === true }),
  registerBranch: (namespace, body, caller) =>
    namespace.registerBranch(fromWireRegisterBranch(body, caller)),
  commit: (namespace, { waitMs, xid }, _caller, gone) =>
    namespace.commit({ xid, waitMs: bounded(waitMs) }, gone),
  rollback: (namespace, { waitMs, xid }, _caller, gone) =>
    namespace.rollback({ xid, waitMs: bounded(waitMs) }, gone),
  setRollbackOnly: (namespace, { reason, xid }) => namespace.setRollbackOnly({ xid, reason }),
  abandonBranch: (namespace, { branchId, reason, xid }) =>
    namespace.abandonBranch({ xid, branchId, reason }),
  status: (namespace, { xid }) => namespace.status({ xid }),
  awaitRelease: (namespace, request, _caller, gone) => {
    const { timeoutMs, waiterXid, xid } = request;
    const waiter = typeof waiterXid === 'string' ? { waiterXid } : undefined;
    return namespace.awaitRelease({ xid, timeoutMs: bounded(timeoutMs), ...waiter }, gone);
  },
};

/** Not the object itself: names come from outside, and it has a prototype. */
const BY_NAME: ReadonlyMap<string, Operation<never>> = new Map(Object.entries(OPERATIONS));

/** The operation that the message asks for, if it is a request of this version. */
export function operationOf(body: string | undefined): Operation<never> | undefined {
  return body === undefined ? undefined : BY_NAME.get(body);
}

/** Whether the answer may come long after the work is done. */
export function isWait(body: keyof ClientBodies, { commit, rollback }: ClientRequest): boolean {
  if (body === 'commit') return (commit?.waitMs ?? 0) > 0;
  if (body === 'rollback') return (rollback?.waitMs ?? 0) > 0;
  return body === 'awaitRelease';
}

function bounded(waitMs: number): number {
  return Math.min(waitMs, WAIT_MS_MAX);
}
