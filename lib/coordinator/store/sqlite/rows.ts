import type {
  BranchStatus,
  BranchType,
  GlobalStatus,
  RollbackReason,
  SessionKind,
} from '../../../protocol/index.js';
import { BRANCH_TRANSITIONS, GLOBAL_TRANSITIONS } from '../../../protocol/index.js';
import type { Branch, Session } from '../../core/index.js';
import type { SqliteRow } from './sqlite-database.interface.js';

const GLOBAL_STATUSES = new Set(Object.keys(GLOBAL_TRANSITIONS));
const BRANCH_STATUSES = new Set(Object.keys(BRANCH_TRANSITIONS));
const BRANCH_TYPES = new Set<string>(['AT', 'TCC', 'XA', 'SAGA'] satisfies BranchType[]);
const SESSION_KINDS = new Set<string>(['two-phase'] satisfies SessionKind[]);
const REASONS = new Set<string>([
  'requested',
  'rollback-only',
  'timeout',
  'restart',
] satisfies RollbackReason[]);

export function sessionFromRow(row: SqliteRow, branches: readonly Branch[]): Session {
  return {
    namespace: text(row, 'namespace'),
    xid: text(row, 'xid'),
    kind: word(row, 'kind', SESSION_KINDS) as SessionKind,
    name: text(row, 'name'),
    applicationId: text(row, 'application_id'),
    status: word(row, 'status', GLOBAL_STATUSES) as GlobalStatus,
    reason: isNull(row, 'reason') ? undefined : (word(row, 'reason', REASONS) as RollbackReason),
    rollbackOnly: optionalText(row, 'rollback_only'),
    timeoutMs: Number(row['timeout_ms']),
    beganAtMs: Number(row['began_at_ms']),
    dueAtMs: Number(row['due_at_ms']),
    owner: text(row, 'owner'),
    epoch: Number(row['epoch']),
    endedAtMs: isNull(row, 'ended_at_ms') ? undefined : Number(row['ended_at_ms']),
    branches,
  };
}

export function branchFromRow(row: SqliteRow): Branch {
  return {
    branchId: text(row, 'branch_id'),
    seq: Number(row['seq']),
    type: word(row, 'type', BRANCH_TYPES) as BranchType,
    resourceId: text(row, 'resource_id'),
    applicationId: text(row, 'application_id'),
    data: optionalText(row, 'data'),
    status: word(row, 'status', BRANCH_STATUSES) as BranchStatus,
    attempts: Number(row['attempts']),
    dueAtMs: Number(row['due_at_ms']),
    lastError: optionalText(row, 'last_error'),
  };
}

function text(row: SqliteRow, column: string): string {
  return String(row[column]);
}

function optionalText(row: SqliteRow, column: string): string | undefined {
  return isNull(row, column) ? undefined : text(row, column);
}

function isNull(row: SqliteRow, column: string): boolean {
  return row[column] === null;
}

/** A word that this version does not know is refused: guessing could drive a session wrongly. */
function word(row: SqliteRow, column: string, known: ReadonlySet<string>): string {
  const value = text(row, column);
  if (!known.has(value))
    throw new Error(`column ${column} holds "${value}", which is unknown here`);
  return value;
}
