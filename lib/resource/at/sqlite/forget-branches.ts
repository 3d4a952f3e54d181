import type { BranchTag } from '../at-engine.interface.js';
import { FENCE_TABLE, UNDO_TABLE } from './agreement.js';
import { prepared } from './prepared.js';
import type { SqliteDatabase } from './sqlite-database.interface.js';

/** Deletes undo rows, locks and fences of branches whose commit is decided. */
export function forgetBranches(database: SqliteDatabase, tags: readonly BranchTag[]): void {
  for (const table of [UNDO_TABLE, FENCE_TABLE]) {
    const forget = prepared(database, `DELETE FROM main.${table} WHERE xid = ? AND branch = ?`);
    for (const { branchId, xid } of tags) forget.run(xid, branchId);
  }
}

/** Deletes what the transactions have left, so that the rows are free for others. */
export function forgetXids(database: SqliteDatabase, xids: readonly string[]): void {
  for (const table of [UNDO_TABLE, FENCE_TABLE]) {
    const forget = prepared(database, `DELETE FROM main.${table} WHERE xid = ?`);
    for (const xid of xids) forget.run(xid);
  }
}
