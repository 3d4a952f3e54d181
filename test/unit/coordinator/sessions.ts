import type { Branch, Command, Session, Turn } from '../../../lib/coordinator/core/index.js';
import type { OperatorAction } from '../../../lib/protocol/index.js';
import { NEVER_MS } from '../../../lib/protocol/index.js';

export const NOW = 1_000_000;
export const XID = 'a'.repeat(32);

/** The node that drives the sessions of the tables. */
export const OWNER = 'owner';
export const LEASE_MS = 2_000;
export const PATIENCE = { attemptsMax: 100, ageMsMax: 3_600_000 } as const;

/** A turn of the node that drives the session, unless the overrides say something else. */
export function turn(overrides: Partial<Turn> = {}): Turn {
  return { nowMs: NOW, owner: OWNER, leaseMs: LEASE_MS, patience: PATIENCE, ...overrides };
}

/** The branch that commands of the tables speak of; most sessions have it. */
export const BRANCH_ID = '7';

export function branch(overrides: Partial<Branch> = {}): Branch {
  return {
    branchId: BRANCH_ID,
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
    dueAtMs: 0,
    lastError: undefined,
    failedAttempts: [],
    ...overrides,
  };
}

export function session(overrides: Partial<Session> = {}): Session {
  return Object.freeze({
    namespace: 'default',
    xid: XID,
    kind: 'two-phase',
    name: 'place-order',
    applicationId: 'order-service',
    status: 'active',
    reason: undefined,
    rollbackOnly: undefined,
    timeoutMs: 60_000,
    beganAtMs: NOW - 1_000,
    decidedAtMs: undefined,
    endedAtMs: undefined,
    dueAtMs: NOW + 59_000,
    owner: OWNER,
    epoch: 1,
    leaseUntilMs: NOW + 61_000,
    version: 1,
    branches: [branch()],
    ...overrides,
  });
}

const BEGIN_REQUEST = {
  name: 'place-order',
  applicationId: 'order-service',
  timeoutMs: 60_000,
} as const;

const BEGIN: Extract<Command, { kind: 'begin' }> = {
  kind: 'begin',
  namespace: 'default',
  request: { xid: XID, ...BEGIN_REQUEST },
};

type Register = Extract<Command, { kind: 'register-branch' }>;

export function register(branchId: string, more: Partial<Register['request']> = {}): Register {
  return {
    kind: 'register-branch',
    namespace: 'default',
    request: {
      xid: XID,
      branchId,
      type: 'AT',
      resourceId: 'orders',
      applicationId: 'order-service',
      ...more,
    },
  };
}

/** A registration that opens the session if there is none. */
export function registerFirst(branchId: string): Register {
  return register(branchId, { begin: BEGIN_REQUEST });
}

/** What a person orders about one branch, or about all of them. */
export function order(action: OperatorAction, branchId?: string): Command {
  const request = { xid: XID, action, ...(branchId !== undefined && { branchId }) };
  return { kind: 'operate', request };
}

type Outcome = Extract<Command, { kind: 'branch-outcome' }>;

export function outcome(kind: 'done' | 'retry' | 'cannot', branchId = BRANCH_ID): Outcome {
  const outcome = kind === 'done' ? { kind } : { kind, error: 'the database is down' };
  return { kind: 'branch-outcome', branchId, outcome, retryAtMs: NOW + 100 };
}

/** One of each, by the name that tables use. */
export const COMMANDS = {
  begin: BEGIN,
  'register known': register(BRANCH_ID),
  'register new': register('8'),
  'register first': registerFirst('8'),
  report: { kind: 'report-branch', branchId: BRANCH_ID, reason: 'constraint violated' },
  'set rollback-only': { kind: 'set-rollback-only', xid: XID, reason: 'stock refused' },
  commit: { kind: 'commit' },
  rollback: { kind: 'rollback' },
  timeout: { kind: 'timeout' },
  restart: { kind: 'restart' },
  'outcome done': outcome('done'),
  'outcome retry': outcome('retry'),
  'outcome cannot': outcome('cannot'),
  renew: { kind: 'renew', leaseMs: LEASE_MS },
  end: { kind: 'end' },
  'order retry': order('retry'),
  'order stop': order('stop'),
  'order accept': order('accept'),
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof COMMANDS;

/** A session whose phase two could have begun a moment ago. */
export function decided(
  status: 'committing' | 'rolling-back',
  ...branches: readonly Branch[]
): Session {
  const decidedAtMs = NOW - 10;
  return session({
    status,
    reason: status === 'rolling-back' ? 'requested' : undefined,
    decidedAtMs,
    dueAtMs: decidedAtMs,
    leaseUntilMs: decidedAtMs + LEASE_MS,
    branches: branches.map((one) =>
      one.status === 'registered'
        ? { ...one, pendingSinceMs: one.pendingSinceMs ?? decidedAtMs }
        : one,
    ),
  });
}

function ended(status: 'committed' | 'rolled-back'): Session {
  return session({
    status,
    reason: status === 'rolled-back' ? 'requested' : undefined,
    decidedAtMs: NOW - 20,
    endedAtMs: NOW - 10,
    leaseUntilMs: NEVER_MS,
    branches: [branch({ status: 'done' })],
  });
}

/** One of each kind of session that decides differently. */
export const SESSIONS = {
  absent: undefined,
  active: session(),
  'active, no branch': session({ branches: [] }),
  'active, rollback-only': session({ rollbackOnly: 'stock refused' }),
  'active, overdue': session({ dueAtMs: NOW }),
  'active, abandoned': session({ branches: [branch({ status: 'abandoned' })] }),
  committing: decided('committing', branch()),
  'committing, stuck': decided('committing', branch({ status: 'needs-attention' })),
  'committing, finished': decided('committing', branch({ status: 'done' })),
  committed: ended('committed'),
  'rolling back': decided('rolling-back', branch()),
  'rolling back, stuck': decided('rolling-back', branch({ status: 'needs-attention' })),
  'rolling back, finished': decided('rolling-back', branch({ status: 'abandoned' })),
  'rolled back': ended('rolled-back'),
} as const satisfies Readonly<Record<string, Session | undefined>>;

export type SessionName = keyof typeof SESSIONS;

/** What stands, whenever and by whichever version it was written. */
export function gistOf(standing: Session | undefined): unknown {
  if (standing === undefined) return undefined;
  const { branches, ...rest } = standing;
  return {
    ...rest,
    ...{ version: 0, dueAtMs: 0, leaseUntilMs: 0 },
    branches: branches.map((one) => ({ ...one, dueAtMs: 0, pendingSinceMs: 0 })),
  };
}
