import type { SessionKey } from '../../core/index.js';
import type { SessionWrite } from '../merge-changes.js';
import { CHANGING_COLUMNS, rowOf } from '../session-codec.js';
import type { SqlRow } from './sql-database.interface.js';

/** A set-wise statement takes all its rows as one parameter: a JSON list of objects. */
export interface WriteParameters {
  /** Rows with all columns, of sessions that are new. */
  readonly inserts: string;
  /** xid, namespace, CHANGING_COLUMNS, and what has to stand: `old_version`, `old_epoch`. */
  readonly updates: string;
}

export function writeParameters(writes: readonly SessionWrite[]): WriteParameters {
  const inserts: SqlRow[] = [];
  const updates: SqlRow[] = [];
  for (const { after, before } of writes) {
    const row = rowOf(after);
    if (before === undefined) {
      inserts.push(row);
      continue;
    }
    const { namespace, xid } = row;
    const update: Record<string, unknown> = { xid, namespace };
    for (const column of CHANGING_COLUMNS) update[column] = row[column];
    update['old_version'] = before.version;
    update['old_epoch'] = before.epoch;
    updates.push(update);
  }
  return { inserts: JSON.stringify(inserts), updates: JSON.stringify(updates) };
}

/** Keys as a parameter. */
export function keyParameter(keys: readonly SessionKey[]): string {
  return JSON.stringify(keys.map(({ namespace, xid }) => ({ namespace, xid })));
}
