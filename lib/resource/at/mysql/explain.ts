import type { LockConflict } from '../../../protocol/index.js';
import type { CaptureError } from '../at-engine.interface.js';
import { HOLDER_UNKNOWN } from '../at-engine.interface.js';
import { FENCED_STATE, LOCK_CONFLICT_STATE, REFUSED_STATE } from './agreement.js';
import { refusalReason } from './reasons.js';
import { errnoOf, serverTextOf } from './session.js';

/** What stands for a table or a key where the database could not say. */
const UNKNOWN = 'unknown';

const CANNOT_UPDATE_USED_TABLE = 1442;
const RECORD_HAS_CHANGED = 1020;
const BAD_FIELD = 1054;

/** What a failed statement met, if it met capture. */
export function explain(
  error: unknown,
  names: ReadonlyMap<string, string>,
): CaptureError | undefined {
  const errno = errnoOf(error);
  if (errno === undefined) return undefined;
  const text = serverTextOf(error);
  switch ((error as { readonly sqlState?: unknown }).sqlState) {
    case LOCK_CONFLICT_STATE:
      return { kind: 'lock-conflict', conflict: readConflict(text, names) };
    case FENCED_STATE:
      return { kind: 'fenced' };
    case REFUSED_STATE:
      return readRefusal(text, names);
    default:
      return readOther(errno, text);
  }
}

function readConflict(text: string, names: ReadonlyMap<string, string>): LockConflict {
  const found = /^dtx (\S+) ([^|]*)\|(.*)$/s.exec(text);
  const label = found?.[2] ?? UNKNOWN;
  return {
    table: names.get(label) ?? label,
    key: found?.[3] ?? UNKNOWN,
    holderXid: found?.[1] ?? HOLDER_UNKNOWN,
  };
}

/** An application may use the same SQLSTATE; the text is ours alone. */
function readRefusal(text: string, names: ReadonlyMap<string, string>): CaptureError | undefined {
  const found = /^dtx (\S+) (.*)$/s.exec(text);
  if (found === null) return undefined;
  const [, reason = '', label = ''] = found;
  return { kind: 'refused', reason: refusalReason(reason, names.get(label) ?? label) };
}

const CIRCLE =
  'foreign keys that cascade lead back to a table that the statement is about, where a trigger ' +
  'cannot follow. Delete the referring rows first.';

const STALE =
  'a table that it writes to was changed after the application had started, so its rows cannot ' +
  'be captured any more. Start the application again, or run "npx nestjs-dtx at install": that ' +
  'brings the triggers up to date.';

function readOther(errno: number, text: string): CaptureError | undefined {
  // With innodb_snapshot_isolation a row that is younger than the snapshot cannot be met at all.
  if (errno === RECORD_HAS_CHANGED && text.includes('dtx_undo_row')) {
    const conflict = { table: UNKNOWN, key: UNKNOWN, holderXid: HOLDER_UNKNOWN };
    return { kind: 'lock-conflict', conflict };
  }
  if (errno === CANNOT_UPDATE_USED_TABLE) return { kind: 'refused', reason: CIRCLE };
  const isStale = errno === BAD_FIELD && /'(OLD|NEW)'/.test(text);
  return isStale ? { kind: 'refused', reason: STALE } : undefined;
}
