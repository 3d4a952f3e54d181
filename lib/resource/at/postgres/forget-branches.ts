import type { SqlSession } from '../at-engine.interface.js';
import { queryJson } from './session.js';

/** A branch as SQL takes it: the id stays text, since JavaScript has no 63-bit numbers. */
interface BranchKey {
  readonly xid: string;
  readonly branch: string;
}

/**
 * Deletes undo rows and fences of branches whose commit is decided, all in one statement.
 *
 * Rows that somebody else has locked are passed over: only another delete of the same rows or a
 * writer who has just met the conflict can hold one, and to wait for those in an order that they do
 * not share is how deadlocks are made. A fence stays as long as undo rows of its branch do, so that
 * the branch can be found again.
 *
 * @param targets SQL of a set of (xid, branch)
 */
const forget = (targets: string): string => `
WITH target AS MATERIALIZED (${targets}),
free AS MATERIALIZED (
  SELECT u.tbl, u.pk, u.xid, u.branch FROM dtx.undo_row u
  JOIN target t ON t.branch = u.branch AND t.xid = u.xid
  FOR UPDATE OF u SKIP LOCKED),
gone AS (
  DELETE FROM dtx.undo_row u USING free f
  WHERE u.tbl = f.tbl AND u.pk = f.pk AND u.xid = f.xid AND u.branch = f.branch),
busy AS MATERIALIZED (
  SELECT DISTINCT u.xid, u.branch FROM dtx.undo_row u
  JOIN target t ON t.branch = u.branch AND t.xid = u.xid
  WHERE NOT EXISTS (SELECT FROM free f WHERE f.tbl = u.tbl AND f.pk = u.pk)),
idle AS MATERIALIZED (
  SELECT f.xid, f.branch FROM dtx.branch_fence f
  JOIN target t ON t.branch = f.branch AND t.xid = f.xid
  WHERE NOT EXISTS (SELECT FROM busy b WHERE b.xid = f.xid AND b.branch = f.branch)
  FOR UPDATE OF f SKIP LOCKED),
fences AS (
  DELETE FROM dtx.branch_fence f USING idle i WHERE f.xid = i.xid AND f.branch = i.branch)
SELECT json_build_object('xid', b.xid, 'branch', b.branch::text)::text FROM busy b`;

const FORGET_BRANCHES = forget(
  'SELECT DISTINCT * FROM unnest($1::text[], $2::bigint[]) AS t (xid, branch)',
);

/** The fences of an xid lead to its branches. */
const FORGET_XIDS = forget('SELECT f.xid, f.branch FROM dtx.branch_fence f WHERE f.xid = ANY ($1)');

/**
 * A writer lets go as soon as its statement has failed, so a moment later the row is free. Only a
 * local transaction of the same branch's xid that has not ended can hold one for longer.
 */
const ATTEMPTS = 3;
const PAUSE = 'SELECT pg_sleep(0.01)';

/** @returns the branches of which something is left, for another try */
export function forgetBranches(
  session: SqlSession,
  branches: readonly BranchKey[],
): Promise<readonly BranchKey[]> {
  const xids = branches.map(({ xid }) => xid);
  const ids = branches.map(({ branch }) => branch);
  return forgetPatiently(session, FORGET_BRANCHES, [xids, ids]);
}

/** Deletes what the transactions have left, so that the rows are free for others. */
export async function forgetXids(session: SqlSession, xids: readonly string[]): Promise<void> {
  await forgetPatiently(session, FORGET_XIDS, [xids]);
}

async function forgetPatiently(
  session: SqlSession,
  text: string,
  values: readonly unknown[],
): Promise<readonly BranchKey[]> {
  for (let attempt = 1; ; attempt += 1) {
    const busy = await queryJson<BranchKey>(session, text, values);
    if (busy.length === 0 || attempt === ATTEMPTS) return busy;
    await session.query(PAUSE);
  }
}
