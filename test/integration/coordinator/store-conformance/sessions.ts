import type { Branch, Session, SessionChange } from '../../../../lib/coordinator/core/index.js';
import type {
  ClaimRequest,
  SessionStore,
  StoreAnswer,
} from '../../../../lib/coordinator/store/session-store.interface.js';
import { NEVER_MS } from '../../../../lib/protocol/index.js';

export const NOW = 1_800_000_000_000;

/** A session that has just begun. */
export function session(overrides: Partial<Session> = {}): Session {
  return {
    namespace: 'default',
    xid: 'x1',
    kind: 'two-phase',
    name: 'place-order',
    applicationId: 'order-service',
    status: 'active',
    reason: undefined,
    rollbackOnly: undefined,
    timeoutMs: 60_000,
    beganAtMs: NOW,
    decidedAtMs: undefined,
    endedAtMs: undefined,
    dueAtMs: NOW + 60_000,
    owner: 'node-a',
    epoch: 1,
    leaseUntilMs: NOW + 70_000,
    version: 1,
    branches: [],
    ...overrides,
  };
}

export function branch(overrides: Partial<Branch> = {}): Branch {
  return {
    branchId: '9223372036854775807',
    seq: 1,
    type: 'AT',
    resourceId: 'orders',
    applicationId: 'order-service',
    instanceId: undefined,
    data: undefined,
    status: 'registered',
    result: undefined,
    pendingSinceMs: undefined,
    attempts: 0,
    dueAtMs: NEVER_MS,
    lastError: undefined,
    failedAttempts: [],
    ...overrides,
  };
}

export function ended(overrides: Partial<Session> = {}): Session {
  return session({
    status: 'committed',
    decidedAtMs: NOW,
    endedAtMs: NOW,
    dueAtMs: NEVER_MS,
    leaseUntilMs: NEVER_MS,
    ...overrides,
  });
}

export function insertOf(after: Session): SessionChange {
  return { kind: 'begin', before: undefined, after, branch: undefined };
}

/** The change to the next version. */
export function changeOf(before: Session, overrides: Partial<Session> = {}): SessionChange {
  const after = { ...before, version: before.version + 1, ...overrides };
  return { kind: 'change-session', before, after, branch: undefined };
}

export const DONE: StoreAnswer = { kind: 'done', count: 1 };

export const purgeOf = (endedBeforeMs: number, countMax = 1_000) =>
  ({ kind: 'purge', endedBeforeMs, countMax }) as const;

/** Puts the sessions there in one batch. */
export async function given(store: SessionStore, ...sessions: readonly Session[]): Promise<void> {
  const answers = await store.apply(sessions.map(insertOf));
  const refused = answers.filter(({ kind }) => kind !== 'done');
  if (refused.length > 0) throw new Error(`not written: ${JSON.stringify(refused)}`);
}

/** What stands under the key of the session. */
export async function standing(
  store: SessionStore,
  { namespace, xid }: Pick<Session, 'namespace' | 'xid'>,
): Promise<Session | undefined> {
  const [found] = await store.load([{ namespace, xid }]);
  return found;
}

/** All that have lapsed, for one minute. */
export function claimOf(overrides: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    owner: 'node-b',
    which: 'lapsed',
    nowMs: NOW,
    leaseUntilMs: NOW + 60_000,
    countMax: 1_000,
    ...overrides,
  };
}

export const xidsOf = (sessions: readonly (Session | undefined)[]): (string | undefined)[] =>
  sessions.map((found) => found?.xid);
