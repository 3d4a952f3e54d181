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
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_FUNCTION = '42883';
const UNDEFINED_OBJECT = '42704';

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
    case UNDEFINED_TABLE:
    case UNDEFINED_FUNCTION:
    case UNDEFINED_OBJECT:
      return lostFunction(message) ?? staleCapture(message.where);
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
  const text = String(where);
  const child = /FROM (?:ONLY )?(.+) AS dtx_child/.exec(text)?.[1];
  const [, mark, quoted] = NAMED_LOCK.exec(text) ?? [];
  if (child === undefined && quoted === undefined) return undefined;
  const table = child ?? unquoted(mark, quoted ?? '');
  return { kind: 'lock-conflict', conflict: { table, key: UNKNOWN, holderXid: HOLDER_UNKNOWN } };
}

/** What our triggers write, or the call that looks or takes over, with its first literal. */
const NAMED_LOCK = new RegExp(
  String.raw`(?:INSERT INTO dtx\.undo_row[^']*VALUES ` +
    String.raw`|dtx\.(?:assert_free|assert_settled|take_over))\((E?)'((?:[^']|'')+)'`,
);

function unquoted(mark: string | undefined, quoted: string): string {
  const text = quoted.replaceAll("''", "'");
  return mark === 'E' ? text.replaceAll('\\\\', '\\') : text;
}

/**
 * A function that a unique index calls looks for something by the search path, which is fixed while
 * a capture function runs: with the caller's, whoever can create a function could have it run with
 * the rights of the capture function.
 */
function lostFunction({ message, where }: ServerMessage): CaptureError | undefined {
  const [inner = '', ...outer] = String(where).split('function dtx.capture_');
  const name = INNER_FRAME.exec(inner)?.[1];
  if (outer.length === 0 || name === undefined) return undefined;
  const reason =
    `an index of a table that it writes to calls ${name}, which does not find what it uses ` +
    `(${String(message)}), since triggers look into pg_catalog alone. Let it say where its ` +
    `things are: ALTER FUNCTION ${name} SET search_path = …`;
  return { kind: 'refused', reason };
}

const INNER_FRAME = /^(?:PL\/pgSQL|SQL) function (?!dtx\.)(.+?) (?:line|statement|during)/m;

/** A column of the key was renamed or dropped after the capture function was made. */
function staleCapture(where: unknown): CaptureError | undefined {
  if (!String(where).includes('function dtx.capture_')) return undefined;
  const reason =
    'a table that it writes to was changed after the application had started, so its rows cannot ' +
    'be captured any more. Start the application again: that brings the triggers up to date.';
  return { kind: 'refused', reason };
}
