import type { CaptureError } from '../at-engine.interface.js';
import { HOLDER_UNKNOWN } from '../at-engine.interface.js';
import { LOCK_CONFLICT_STATE, REFUSED_STATE, WRITTEN_STATE } from './agreement.js';

/** The fields of a PostgreSQL error or notice that are used here. */
interface ServerMessage {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly detail?: unknown;
  readonly constraint?: unknown;
  readonly schema?: unknown;
  readonly where?: unknown;
}

/** What stands for a table or a key where the database could not say. */
const UNKNOWN = 'unknown';

const UNIQUE_VIOLATION = '23505';
const SERIALIZATION_FAILURE = '40001';
const UNDEFINED_COLUMN = '42703';

/** What a failed statement met, if it met capture. */
export function explain(error: unknown): CaptureError | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const message = error as ServerMessage;
  switch (message.code) {
    case LOCK_CONFLICT_STATE:
      return { kind: 'lock-conflict', conflict: readConflict(message.detail) };
    case REFUSED_STATE:
      return { kind: 'refused', reason: String(message.message) };
    case UNIQUE_VIOLATION:
      return message.schema === 'dtx' && message.constraint === 'branch_fence_pkey'
        ? { kind: 'fenced' }
        : undefined;
    case SERIALIZATION_FAILURE:
      return unseenConflict(message.where);
    case UNDEFINED_COLUMN:
      return staleCapture(message.where);
    default:
      return undefined;
  }
}

/** Whether the notice says that a statement has written which did not look like it. */
export function isCaptureNotice(notice: unknown): boolean {
  return (
    typeof notice === 'object' &&
    notice !== null &&
    'code' in notice &&
    notice.code === WRITTEN_STATE
  );
}

function readConflict(detail: unknown): { table: string; key: string; holderXid: string } {
  const { table, key, holder } = JSON.parse(String(detail)) as Record<string, string | undefined>;
  return { table: table ?? UNKNOWN, key: key ?? UNKNOWN, holderXid: holder ?? HOLDER_UNKNOWN };
}

/**
 * At REPEATABLE READ and SERIALIZABLE an undo row that is younger than the snapshot cannot be read,
 * so neither its holder nor its key are known. A new local transaction will see them.
 */
function unseenConflict(where: unknown): CaptureError | undefined {
  const insert = /INSERT INTO dtx\.undo_row[^']*VALUES \((E?)'((?:[^']|'')+)'/.exec(String(where));
  if (insert?.[2] === undefined) return undefined;
  const quoted = insert[2].replaceAll("''", "'");
  const table = insert[1] === 'E' ? quoted.replaceAll('\\\\', '\\') : quoted;
  return { kind: 'lock-conflict', conflict: { table, key: UNKNOWN, holderXid: UNKNOWN } };
}

/** A column of the key was renamed or dropped after the capture function was made. */
function staleCapture(where: unknown): CaptureError | undefined {
  if (!String(where).includes('function dtx.capture_')) return undefined;
  const reason =
    'a table that it writes to was changed after the application had started, so its rows cannot ' +
    'be captured any more. Start the application again: that brings the triggers up to date.';
  return { kind: 'refused', reason };
}
