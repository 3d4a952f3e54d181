import fc from 'fast-check';

import type { ClientBodies, ServerBodies } from '../../../../lib/protocol/wire/index.js';

/** Messages as a sender may build them, one arbitrary per name of the oneof. */

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const uint32 = fc.nat({ max: 2 ** 32 - 1 });
/** Enums are numbers on the wire; those of the future too. */
const word = fc.nat({ max: 20 });
const branchId = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(String);
const empty = fc.constant({});

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const begin = fc.record({ xid: text, name: text, timeoutMs: uint32, mayWait: fc.boolean() });
const resource = fc.record({ resourceId: text, type: word });
const goodbye = fc.record({ code: text, reason: text });
const refusal = fc.record({ code: text, message: text, fields: text });
const end = fc.record({ xid: text, waitMs: uint32 });
const outcome = fc.record({ kind: word, text: optional(text) });

export const CLIENT_BODIES: { readonly [Name in keyof ClientBodies]: fc.Arbitrary<unknown> } = {
  begin,
  registerBranch: fc.record({
    xid: text,
    branchId,
    type: word,
    resourceId: text,
    data: optional(text),
    begin: optional(begin),
  }),
  commit: end,
  rollback: end,
  outcomes: fc.record({ allDone: fc.boolean(), outcomes: fc.array(outcome, { maxLength: 5 }) }),
  setRollbackOnly: fc.record({ xid: text, reason: text }),
  abandonBranch: fc.record({ xid: text, branchId, reason: text }),
  status: fc.record({ xid: text }),
  awaitRelease: fc.record({ xid: text, timeoutMs: uint32, waiterXid: optional(text) }),
  attach: resource,
  detach: resource,
  ping: empty,
  pong: empty,
  hello: fc.record({
    versionMin: uint32,
    versionMax: uint32,
    namespace: text,
    applicationId: text,
    instanceId: text,
    resources: fc.array(resource, { maxLength: 5 }),
    credential: text,
    software: text,
  }),
  goodbye,
  refusal,
};

const failedAttempt = fc.record({ atMs: fc.maxSafeNat(), error: text });

const branch = fc.record({
  branchId,
  seq: uint32,
  type: word,
  resourceId: text,
  status: word,
  attempts: uint32,
  lastError: optional(text),
  failedAttempts: fc.array(failedAttempt, { maxLength: 3 }),
  result: optional(text),
});

export const SERVER_BODIES: { readonly [Name in keyof ServerBodies]: fc.Arbitrary<unknown> } = {
  done: empty,
  summary: fc.record({
    xid: text,
    status: word,
    name: optional(text),
    reason: word,
    rollbackOnly: optional(text),
    branches: fc.array(branch, { maxLength: 3 }),
    circle: fc.array(text, { maxLength: 3 }),
  }),
  refusal,
  phaseTwo: fc.record({
    direction: word,
    resourceId: text,
    targets: fc.array(fc.record({ xid: text, branchId, data: optional(text) }), { maxLength: 3 }),
  }),
  ping: empty,
  pong: empty,
  welcome: fc.record({
    version: uint32,
    nodeId: text,
    inFlightMax: uint32,
    frameBytesMax: uint32,
    heartbeatMs: uint32,
    software: text,
    sharesStore: fc.boolean(),
  }),
  goodbye,
};

/** A message of one of the kinds. */
export function anyMessage(
  bodies: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<Readonly<Record<string, unknown>> & { readonly requestId: number }> {
  const kinds = Object.entries(bodies).map(([name, body]) =>
    fc.record({ requestId: uint32, [name]: body }),
  );
  return fc.oneof(...kinds) as fc.Arbitrary<{ readonly requestId: number }>;
}
