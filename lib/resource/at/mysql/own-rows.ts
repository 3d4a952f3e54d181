import type { SqlSession } from '../at-engine.interface.js';

/** A branch as SQL takes it: the id stays text, since JavaScript has no 63-bit numbers. */
export interface BranchKey {
  readonly xid: string;
  readonly branch: string;
}

/** What an undo row is found by. */
export interface UndoRowKey {
  readonly tbl: string;
  readonly pk: string;
}

/**
 * How rows of branches are read. A small table the server would rather read as a whole, and wait
 * at every row on its way that a local transaction has locked: for all writers, and in a circle
 * with some of them.
 */
export const BY_BRANCH = 'dtx_undo_row FORCE INDEX (dtx_branch)';

/** Rows per statement, so that no statement grows without bound. */
const CHUNK_LENGTH = 500;

/** SQL that names the branches, for `branchValues`. */
export function areBranches(branches: readonly BranchKey[]): string {
  return branches.map(() => '(xid = ? AND branch = CAST(? AS UNSIGNED))').join(' OR ');
}

export function branchValues(branches: readonly BranchKey[]): readonly string[] {
  return branches.flatMap(({ branch, xid }) => [xid, branch]);
}

const BRANCHES = `JSON_TABLE(?, '$[*]' COLUMNS (
    xid varchar(40) CHARACTER SET ascii COLLATE ascii_bin PATH '$[0]',
    branch bigint unsigned PATH '$[1]')) AS gone`;

/** Fails, and changes nothing, where it would have to wait. Only MariaDB knows how not to. */
const DELETE_BRANCHES = `SET STATEMENT innodb_lock_wait_timeout = 0 FOR DELETE u FROM ${BRANCHES}
  STRAIGHT_JOIN dtx_undo_row AS u FORCE INDEX (dtx_branch)
    ON u.xid = gone.xid AND u.branch = gone.branch`;

/** A DELETE takes no hint for an index; a join in this order goes from key to key. */
const DELETE_UNDO_ROWS = `DELETE u FROM JSON_TABLE(?, '$[*]' COLUMNS (
    tbl varchar(160) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[0]',
    pk varchar(255) CHARACTER SET ascii COLLATE ascii_bin PATH '$[1]')) AS gone
  STRAIGHT_JOIN dtx_undo_row AS u ON u.tbl = gone.tbl AND u.pk = gone.pk`;

/**
 * Whatever there is of the branches, each in a transaction of its own for some hundred.
 *
 * @throws the server's errors 1205, where somebody has locked one of them, and 1064, where the
 * server cannot be told not to wait
 */
export async function deleteBranches(
  session: SqlSession,
  branches: readonly BranchKey[],
): Promise<void> {
  const keys = branches.map(({ branch, xid }) => [xid, branch]);
  await deleteRows(session, DELETE_BRANCHES, keys);
}

/** @returns how many there were */
export function deleteUndoRows(session: SqlSession, rows: readonly UndoRowKey[]): Promise<number> {
  const keys = rows.map(({ pk, tbl }) => [tbl, pk]);
  return deleteRows(session, DELETE_UNDO_ROWS, keys);
}

/**
 * Deletes undo rows that the session has locked.
 *
 * @throws Error if one of them was not there
 */
export async function forgetRows(session: SqlSession, rows: readonly UndoRowKey[]): Promise<void> {
  const count = await deleteUndoRows(session, rows);
  // Not a server error, so it counts as transient.
  if (count !== rows.length) throw new Error('undo rows have changed during the rollback');
}

async function deleteRows(
  session: SqlSession,
  text: string,
  keys: readonly (readonly string[])[],
): Promise<number> {
  let count = 0;
  for (let start = 0; start < keys.length; start += CHUNK_LENGTH) {
    const chunk = keys.slice(start, start + CHUNK_LENGTH);
    count += (await session.query(text, [JSON.stringify(chunk)])).rowCount;
  }
  return count;
}
