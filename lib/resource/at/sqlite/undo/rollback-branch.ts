import type { BranchOutcome } from '../../../../protocol/index.js';
import { ERROR_TEXT_LENGTH_MAX, codeOf } from '../../../../protocol/index.js';
import type { BranchTag } from '../../at-engine.interface.js';
import { FENCE, FENCE_TABLE, LOCK_SHAPE, UNDO_TABLE } from '../agreement.js';
import { tablesOf } from '../catalog.js';
import { rowsOf } from '../read-rows.js';
import { bury, fenceState, markUndone } from '../fence.js';
import { inTransaction } from '../install/our-tables.js';
import { referencesAmong } from '../references.js';
import { prepared } from '../prepared.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';
import { readUndoRows, storedRows } from './read-undo-rows.js';
import { Restorer } from './restorer.js';
import type { LeftRow } from './undo-row.js';

const FOREIGN_KEY_VIOLATION = 'SQLITE_CONSTRAINT_FOREIGNKEY';

/**
 * Undoes the branch in one local transaction, or makes sure that it can never commit. Rows that
 * somebody else has changed meanwhile stay as they are, with their undo rows.
 *
 * A second call finds the fence marked and no undo rows, or only those that were left.
 */
export function rollbackBranch(database: SqliteDatabase, tag: BranchTag): BranchOutcome {
  try {
    // Foreign keys are looked at in the end, so that they do not ask for an order of the rows.
    return inTransaction(database, () => {
      database.exec('PRAGMA defer_foreign_keys = ON');
      return undoBranch(database, tag);
    });
  } catch (error) {
    if (codeOf(error) !== FOREIGN_KEY_VIOLATION) throw error;
  }
  // COMMIT cannot tell which row it was. At once they are looked at row by row.
  return inTransaction(database, () => undoBranch(database, tag));
}

function undoBranch(database: SqliteDatabase, tag: BranchTag): BranchOutcome {
  if (bury(database, tag)) return DONE;
  if (fenceState(database, tag) === FENCE.tombstone) return DONE;
  const left = undo(database, tag.xid, [tag.branchId, ...otherBranches(database, tag)]);
  markUndone(database, tag);
  return outcomeOf(left);
}

/**
 * A row that two branches have changed has one undo row, the first one's. Until that is undone, it
 * can stand in the way of other rows of the second one; and triggers that fire while the second one
 * is undone can change it, such as a sum, so that the first one would take it for a stranger's. The
 * decision is about the transaction, so whatever of it is there is undone together.
 */
function otherBranches(database: SqliteDatabase, { branchId, xid }: BranchTag): readonly string[] {
  return rowsOf<{ branch: string }>(
    database,
    `SELECT branch FROM main.${FENCE_TABLE} AS f WHERE xid = ? AND branch <> ? AND EXISTS (
       SELECT 1 FROM main.${UNDO_TABLE} AS u WHERE u.xid = f.xid AND u.branch = f.branch)`,
    xid,
    branchId,
  ).map(({ branch }) => branch);
}

/** @returns the rows of the first branch that stay as they are */
function undo(
  database: SqliteDatabase,
  xid: string,
  branchIds: readonly string[],
): readonly LeftRow[] {
  const tables = tablesOf(database);
  const stored = storedRows(database, xid, branchIds);
  const { clean, left, settled } = readUndoRows(database, tables, stored);
  const failures = new Restorer(database, referencesAmong(tables)).restore(clean, settled);
  const forget = prepared(
    database,
    `DELETE FROM main.${UNDO_TABLE} WHERE seq = CAST(? AS INTEGER)`,
  );
  for (const row of [...settled, ...clean]) if (!failures.has(row)) forget.run(row.seq);
  for (const branchId of branchIds) forgetLocks(database, { xid, branchId });
  const failed = [...failures].map(([{ key, seq, table }, reason]) => {
    return { seq, key, tableName: table.name, reason };
  });
  const ofFirst = new Set(
    stored.filter(({ branch }) => branch === branchIds[0]).map(({ seq }) => seq),
  );
  return [...left, ...failed].filter(({ seq }) => ofFirst.has(seq));
}

/** Locks that are no rows stay for as long as a row of their branch does. */
export function forgetLocks(database: SqliteDatabase, { branchId, xid }: BranchTag): void {
  prepared(
    database,
    `DELETE FROM main.${UNDO_TABLE} WHERE xid = ? AND branch = ? AND shape = '${LOCK_SHAPE}'
       AND NOT EXISTS (SELECT 1 FROM main.${UNDO_TABLE} AS u
         WHERE u.xid = main.${UNDO_TABLE}.xid AND u.branch = main.${UNDO_TABLE}.branch
           AND u.shape <> '${LOCK_SHAPE}')`,
  ).run(xid, branchId);
}

const DONE: BranchOutcome = { kind: 'done' };

const KEYS_SHOWN_MAX = 10;

function outcomeOf(left: readonly LeftRow[]): BranchOutcome {
  if (left.length === 0) return DONE;
  const groups = new Map<string, LeftRow[]>();
  for (const row of left) {
    const name = JSON.stringify([row.tableName, row.reason]);
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  const sentences = [...groups.values()].map(describe);
  const text = `Rows were left as they are, with their undo rows. ${sentences.join('; ')}.`;
  return { kind: 'cannot', error: text.slice(0, ERROR_TEXT_LENGTH_MAX) };
}

function describe(rows: readonly LeftRow[]): string {
  const [first] = rows;
  const keys = rows.slice(0, KEYS_SHOWN_MAX).map(({ key }) => key);
  const more = rows.length > keys.length ? ` and ${String(rows.length - keys.length)} more` : '';
  return `${first?.tableName ?? ''} ${keys.join(', ')}${more}: ${first?.reason ?? ''}`;
}
