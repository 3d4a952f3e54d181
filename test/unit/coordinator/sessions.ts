import type { Branch, Command, Session } from '../../../lib/coordinator/core/index.js';

export const NOW = 1_000_000;
export const XID = 'a'.repeat(32);

/** The branch that commands of the tables speak of; most sessions have it. */
export const BRANCH_ID = '7';

export function branch(overrides: Partial<Branch> = {}): Branch {
  return {
    branchId: BRANCH_ID,
    seq: 1,
    type: 'AT',
    resourceId: 'orders',
    applicationId: 'order-service',
    data: undefined,
    status: 'registered',
    attempts: 0,
    dueAtMs: 0,
    lastError: undefined,
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
    dueAtMs: NOW + 59_000,
    owner: 'owner',
    epoch: 1,
    endedAtMs: undefined,
    branches: [branch()],
    ...overrides,
  });
}

const BEGIN: Command = {
  kind: 'begin',
  namespace: 'default',
  request: { xid: XID, name: 'place-order', applicationId: 'order-service', timeoutMs: 60_000 },
  ownership: { owner: 'owner', epoch: 1 },
};

export function register(branchId: string): Command {
  return {
    kind: 'register-branch',
    request: {
      xid: XID,
      branchId,
      type: 'AT',
      resourceId: 'orders',
      applicationId: 'order-service',
    },
  };
}

export function outcome(kind: 'done' | 'retry' | 'cannot', branchId = BRANCH_ID): Command {
  const outcome = kind === 'done' ? { kind } : { kind, error: 'the database is down' };
  return { kind: 'branch-outcome', branchId, outcome, retryAtMs: NOW + 100 };
}

/** One of each, by the name that tables use. */
export const COMMANDS = {
  begin: BEGIN,
  'register known': register(BRANCH_ID),
  'register new': register('8'),
  abandon: { kind: 'abandon-branch', branchId: BRANCH_ID, reason: 'constraint violated' },
  'set rollback-only': { kind: 'set-rollback-only', xid: XID, reason: 'stock refused' },
  commit: { kind: 'commit' },
  rollback: { kind: 'rollback' },
  timeout: { kind: 'timeout' },
  restart: { kind: 'restart' },
  'outcome done': outcome('done'),
  'outcome retry': outcome('retry'),
  'outcome cannot': outcome('cannot'),
  end: { kind: 'end' },
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof COMMANDS;

/** One of each kind of session that decides differently. */
export const SESSIONS = {
  absent: undefined,
  active: session(),
  'active, no branch': session({ branches: [] }),
  'active, rollback-only': session({ rollbackOnly: 'stock refused' }),
  'active, overdue': session({ dueAtMs: NOW }),
  'active, abandoned': session({ branches: [branch({ status: 'abandoned' })] }),
  committing: session({ status: 'committing' }),
  'committing, stuck': session({
    status: 'committing',
    branches: [branch({ status: 'needs-attention' })],
  }),
  'committing, finished': session({
    status: 'committing',
    branches: [branch({ status: 'done' })],
  }),
  committed: session({ status: 'committed', endedAtMs: NOW - 10, branches: [] }),
  'rolling back': session({ status: 'rolling-back', reason: 'requested' }),
  'rolling back, stuck': session({
    status: 'rolling-back',
    reason: 'requested',
    branches: [branch({ status: 'needs-attention' })],
  }),
  'rolling back, finished': session({
    status: 'rolling-back',
    reason: 'requested',
    branches: [branch({ status: 'abandoned' })],
  }),
  'rolled back': session({
    status: 'rolled-back',
    reason: 'requested',
    endedAtMs: NOW - 10,
    branches: [],
  }),
} as const satisfies Readonly<Record<string, Session | undefined>>;

export type SessionName = keyof typeof SESSIONS;
