import type {
  BranchStatus,
  BranchType,
  FailedAttempt,
  GlobalStatus,
  RollbackReason,
  SessionKind,
} from '../../protocol/index.js';
import {
  BRANCH_TRANSITIONS,
  SESSION_KINDS,
  SessionUnreadableError,
  messageOf,
} from '../../protocol/index.js';
import type { Branch, Session } from '../core/index.js';

/** A session as every SQL engine stores it: the columns of its row, in their order. */
export const SESSION_COLUMNS = [
  'namespace',
  'xid',
  'kind',
  'name',
  'application_id',
  'status',
  'reason',
  'rollback_only',
  'timeout_ms',
  'began_at_ms',
  'decided_at_ms',
  'ended_at_ms',
  'due_at_ms',
  'owner',
  'epoch',
  'lease_until_ms',
  'version',
  'attention_count',
  'branches',
] as const;

export type SessionColumn = (typeof SESSION_COLUMNS)[number];

/** Numbers are whole and below 2^53; `branches` is JSON text. */
export type SessionRow = Readonly<Record<SessionColumn, string | number | null>>;

/** Columns that a change may change; the others are written once. */
export const CHANGING_COLUMNS = [
  'status',
  'reason',
  'rollback_only',
  'decided_at_ms',
  'ended_at_ms',
  'due_at_ms',
  'owner',
  'epoch',
  'lease_until_ms',
  'version',
  'attention_count',
  'branches',
] as const satisfies readonly SessionColumn[];

const STATUSES = new Set(Object.keys(SESSION_KINDS['two-phase'].transitions));
const BRANCH_STATUSES = new Set(Object.keys(BRANCH_TRANSITIONS));
const BRANCH_TYPES = new Set<string>(['AT', 'TCC', 'XA', 'SAGA'] satisfies BranchType[]);
const KINDS = new Set(Object.keys(SESSION_KINDS));
const REASONS = new Set<string>([
  'requested',
  'rollback-only',
  'timeout',
  'restart',
] satisfies RollbackReason[]);

export function rowOf(session: Session): SessionRow {
  return {
    namespace: session.namespace,
    xid: session.xid,
    kind: session.kind,
    name: session.name,
    application_id: session.applicationId,
    status: session.status,
    reason: session.reason ?? null,
    rollback_only: session.rollbackOnly ?? null,
    timeout_ms: session.timeoutMs,
    began_at_ms: session.beganAtMs,
    decided_at_ms: session.decidedAtMs ?? null,
    ended_at_ms: session.endedAtMs ?? null,
    due_at_ms: session.dueAtMs,
    owner: session.owner,
    epoch: session.epoch,
    lease_until_ms: session.leaseUntilMs,
    version: session.version,
    attention_count: session.branches.reduce(countAttention, 0),
    branches: JSON.stringify(session.branches.map(encoded)),
  };
}

function countAttention(count: number, { status }: Branch): number {
  return status === 'needs-attention' ? count + 1 : count;
}

/** @throws SessionUnreadableError on an unknown word: guessing could drive the session wrongly */
export function sessionOf(row: Readonly<Record<string, unknown>>): Session {
  try {
    return readSession(row);
  } catch (cause) {
    throw new SessionUnreadableError(text(row, 'xid'), messageOf(cause), { cause });
  }
}

/**
 * The sessions of these rows, without those that cannot be read: one record that a newer version
 * has written must not keep a node, or a person, from all the others.
 */
export function readableSessions(
  rows: readonly Readonly<Record<string, unknown>>[],
): readonly Session[] {
  return rows.flatMap((row) => {
    try {
      return [sessionOf(row)];
    } catch {
      return [];
    }
  });
}

function readSession(row: Readonly<Record<string, unknown>>): Session {
  return {
    namespace: text(row, 'namespace'),
    xid: text(row, 'xid'),
    kind: word(row, 'kind', KINDS) as SessionKind,
    name: text(row, 'name'),
    applicationId: text(row, 'application_id'),
    status: word(row, 'status', STATUSES) as GlobalStatus,
    reason: isNull(row, 'reason') ? undefined : (word(row, 'reason', REASONS) as RollbackReason),
    rollbackOnly: optional(row, 'rollback_only', String),
    timeoutMs: Number(row['timeout_ms']),
    beganAtMs: Number(row['began_at_ms']),
    decidedAtMs: optional(row, 'decided_at_ms', Number),
    endedAtMs: optional(row, 'ended_at_ms', Number),
    dueAtMs: Number(row['due_at_ms']),
    owner: text(row, 'owner'),
    epoch: Number(row['epoch']),
    leaseUntilMs: Number(row['lease_until_ms']),
    version: Number(row['version']),
    branches: branchesOf(row['branches']),
  };
}

/** Without what is empty, which JSON leaves out: most branches never fail. */
function encoded(branch: Branch): object {
  const { failedAttempts } = branch;
  return {
    branchId: branch.branchId,
    seq: branch.seq,
    type: branch.type,
    resourceId: branch.resourceId,
    applicationId: branch.applicationId,
    instanceId: branch.instanceId,
    data: branch.data,
    status: branch.status,
    result: branch.result,
    pendingSinceMs: branch.pendingSinceMs,
    attempts: branch.attempts === 0 ? undefined : branch.attempts,
    dueAtMs: branch.dueAtMs === 0 ? undefined : branch.dueAtMs,
    lastError: branch.lastError,
    failedAttempts: failedAttempts.length === 0 ? undefined : failedAttempts,
  };
}

/** JSON has no undefined: a member that is missing is one that was empty. */
function branchesOf(column: unknown): readonly Branch[] {
  const list: unknown = typeof column === 'string' ? JSON.parse(column) : column;
  if (!Array.isArray(list)) throw new Error('column branches holds no list');
  return list.map((entry: Readonly<Record<string, unknown>>) => ({
    branchId: text(entry, 'branchId'),
    seq: Number(entry['seq']),
    type: word(entry, 'type', BRANCH_TYPES) as BranchType,
    resourceId: text(entry, 'resourceId'),
    applicationId: text(entry, 'applicationId'),
    instanceId: optional(entry, 'instanceId', String),
    data: optional(entry, 'data', String),
    status: word(entry, 'status', BRANCH_STATUSES) as BranchStatus,
    result: optional(entry, 'result', String),
    pendingSinceMs: optional(entry, 'pendingSinceMs', Number),
    attempts: Number(entry['attempts'] ?? 0),
    dueAtMs: Number(entry['dueAtMs'] ?? 0),
    lastError: optional(entry, 'lastError', String),
    failedAttempts: (entry['failedAttempts'] ?? []) as readonly FailedAttempt[],
  }));
}

function text(row: Readonly<Record<string, unknown>>, column: string): string {
  return String(row[column]);
}

function optional<T>(
  row: Readonly<Record<string, unknown>>,
  column: string,
  read: (value: unknown) => T,
): T | undefined {
  return isNull(row, column) ? undefined : read(row[column]);
}

function isNull(row: Readonly<Record<string, unknown>>, column: string): boolean {
  return row[column] === null || row[column] === undefined;
}

function word(
  row: Readonly<Record<string, unknown>>,
  column: string,
  known: ReadonlySet<string>,
): string {
  const value = text(row, column);
  if (known.has(value)) return value;
  throw new Error(`${column} is "${value}", which is unknown here`);
}
