import type { BranchTag } from '../at-engine.interface.js';
import { FENCE, FENCE_TABLE, NOW_MS, UNDO_TABLE } from './agreement.js';
import { TombstoneError } from './capture-errors.js';
import { prepared } from './prepared.js';
import type { SqliteDatabase } from './sqlite-database.interface.js';

const insertFence = (state: number): string => `
INSERT INTO main.${FENCE_TABLE} (xid, branch, state, changed_at)
VALUES (?, ?, ${String(state)}, ${NOW_MS}) ON CONFLICT (xid, branch) DO NOTHING`;

const INSERT_FENCE = insertFence(FENCE.committed);
const INSERT_TOMBSTONE = insertFence(FENCE.tombstone);

/**
 * The fence row of phase one, once per local transaction; a second time behind a savepoint.
 *
 * @throws TombstoneError when phase two came first
 */
export function writeFence(database: SqliteDatabase, tag: BranchTag): void {
  if (run(database, INSERT_FENCE, tag) === 1) return;
  if (fenceState(database, tag) === FENCE.committed) return;
  throw new TombstoneError(`branch ${tag.branchId} of ${tag.xid} was rolled back before`);
}

/**
 * Puts a tombstone where the fence row of the branch would be.
 *
 * @returns true when phase one had not committed, and from now on never can
 */
export function bury(database: SqliteDatabase, tag: BranchTag): boolean {
  return run(database, INSERT_TOMBSTONE, tag) === 1;
}

export function fenceState(database: SqliteDatabase, { branchId, xid }: BranchTag): number {
  const sql = `SELECT state FROM main.${FENCE_TABLE} WHERE xid = ? AND branch = ?`;
  const [row] = prepared(database, sql).all(xid, branchId) as { state: number | bigint }[];
  return Number(row?.state);
}

export function markUndone(database: SqliteDatabase, tag: BranchTag): void {
  const state = String(FENCE.undone);
  run(
    database,
    `UPDATE main.${FENCE_TABLE} SET state = ${state}, changed_at = ${NOW_MS}
     WHERE xid = ? AND branch = ?`,
    tag,
  );
}

const PURGE_LENGTH_MAX = 100_000;

/** A fence stays as long as it has undo rows, which wait for a person. */
const PURGE = `
DELETE FROM main.${FENCE_TABLE} WHERE (xid, branch) IN (
  SELECT f.xid, f.branch FROM main.${FENCE_TABLE} AS f
  WHERE f.state <> ${String(FENCE.committed)} AND f.changed_at < ${NOW_MS} - ?
    AND NOT EXISTS (
      SELECT 1 FROM main.${UNDO_TABLE} AS u WHERE u.xid = f.xid AND u.branch = f.branch)
  LIMIT ${String(PURGE_LENGTH_MAX)})`;

/** Deletes fences of rollbacks that are older; returns how many. */
export function purgeFences(database: SqliteDatabase, olderThanMs: number): number {
  return Number(prepared(database, PURGE).run(olderThanMs).changes);
}

function run(database: SqliteDatabase, sql: string, { branchId, xid }: BranchTag): number {
  return Number(prepared(database, sql).run(xid, branchId).changes);
}
