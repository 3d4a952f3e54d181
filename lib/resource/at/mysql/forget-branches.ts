import type { SqlSession } from '../at-engine.interface.js';
import { inTransaction, queryRows } from './session.js';
import { placeholders } from './sql-text.js';

/** A branch as SQL takes it: the id stays text, since JavaScript has no 63-bit numbers. */
export interface BranchKey {
  readonly xid: string;
  readonly branch: string;
}

/** A condition on undo rows or fences, with its parameters. */
interface Condition {
  readonly sql: string;
  readonly values: readonly string[];
}

/** Rows per statement, so that no statement grows without bound. */
const CHUNK_LENGTH = 500;

/**
 * A writer lets go as soon as its statement has failed, so a moment later the row is free. Only a
 * local transaction of the same branch's xid that has not ended can hold one for longer.
 */
const ATTEMPTS = 3;
const PAUSE = 'SELECT SLEEP(0.01)';

/** @returns the branches of which something is left, for another try */
export function forgetBranches(
  session: SqlSession,
  branches: readonly BranchKey[],
): Promise<readonly BranchKey[]> {
  return patiently(session, {
    sql: branches.map(() => '(xid = ? AND branch = CAST(? AS UNSIGNED))').join(' OR '),
    values: branches.flatMap(({ branch, xid }) => [xid, branch]),
  });
}

/** Deletes what the transactions have left, so that the rows are free for others. */
export async function forgetXids(session: SqlSession, xids: readonly string[]): Promise<void> {
  if (xids.length === 0) return;
  await patiently(session, { sql: `xid IN (${placeholders(xids)})`, values: xids });
}

async function patiently(session: SqlSession, condition: Condition): Promise<readonly BranchKey[]> {
  for (let attempt = 1; ; attempt += 1) {
    const busy = await inTransaction(session, () => forget(session, condition));
    if (busy.length === 0 || attempt === ATTEMPTS) return busy;
    await session.query(PAUSE);
  }
}

/**
 * Deletes undo rows and fences of branches whose commit is decided.
 *
 * Rows that somebody else has locked are passed over: only another delete of the same rows or a
 * writer who has just met the conflict can hold one, and to wait for those in an order that they do
 * not share is how deadlocks are made. A fence stays as long as undo rows of its branch do, so that
 * the branch can be found again.
 */
async function forget(
  session: SqlSession,
  { sql, values }: Condition,
): Promise<readonly BranchKey[]> {
  const free = await queryRows<'tbl' | 'pk'>(
    session,
    `SELECT tbl AS tbl, pk AS pk FROM dtx_undo_row WHERE ${sql} FOR UPDATE SKIP LOCKED`,
    values,
  );
  for (let start = 0; start < free.length; start += CHUNK_LENGTH) {
    const chunk = free.slice(start, start + CHUNK_LENGTH);
    await session.query(
      `DELETE FROM dtx_undo_row WHERE ${chunk.map(() => '(tbl = ? AND pk = ?)').join(' OR ')}`,
      chunk.flatMap(({ pk, tbl }) => [tbl, pk]),
    );
  }
  // Read without locks behind the delete: what is there now is what was passed over.
  const busy = await queryRows<'xid' | 'branch'>(
    session,
    `SELECT DISTINCT xid AS xid, CAST(branch AS CHAR) AS branch FROM dtx_undo_row WHERE ${sql}`,
    values,
  );
  await forgetFences(session, { sql, values }, busy);
  return busy.map(({ branch, xid }) => ({ branch: branch ?? '', xid: xid ?? '' }));
}

async function forgetFences(
  session: SqlSession,
  { sql, values }: Condition,
  busy: readonly Readonly<Record<'xid' | 'branch', string | null>>[],
): Promise<void> {
  const fences = await queryRows<'xid' | 'branch'>(
    session,
    `SELECT xid AS xid, CAST(branch AS CHAR) AS branch FROM dtx_branch_fence
     WHERE ${sql} FOR UPDATE SKIP LOCKED`,
    values,
  );
  const idle = fences.filter(
    ({ branch, xid }) => !busy.some((other) => other.xid === xid && other.branch === branch),
  );
  for (let start = 0; start < idle.length; start += CHUNK_LENGTH) {
    const chunk = idle.slice(start, start + CHUNK_LENGTH);
    await session.query(
      `DELETE FROM dtx_branch_fence
       WHERE ${chunk.map(() => '(xid = ? AND branch = CAST(? AS UNSIGNED))').join(' OR ')}`,
      chunk.flatMap(({ branch, xid }) => [xid, branch]),
    );
  }
}
