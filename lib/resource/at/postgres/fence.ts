import type { BranchTag, SqlSession } from '../at-engine.interface.js';
import { FENCE } from './agreement.js';
import { inTransaction, queryText } from './session.js';

/** How long phase two waits for a local transaction that has not ended yet. */
const LOCK_TIMEOUT = "lock_timeout = '3s'";

const INSERT_TOMBSTONE = `
INSERT INTO dtx.branch_fence (xid, branch, state) VALUES ($1, $2, ${String(FENCE.tombstone)})
ON CONFLICT (xid, branch) DO NOTHING`;

/**
 * Puts a tombstone where the fence row of the branch would be. The unique index puts this and phase
 * one in order: the later of the two waits for the other's end.
 *
 * @returns true when phase one had not committed, and from now on never can
 */
export async function bury(session: SqlSession, { xid, branchId }: BranchTag): Promise<boolean> {
  const { rowCount } = await session.query(INSERT_TOMBSTONE, [xid, branchId]);
  return rowCount === 1;
}

/** The state of the fence row, which stays locked until the end of the transaction. */
export async function lockFence(session: SqlSession, tag: BranchTag): Promise<number> {
  const text = 'SELECT state::text FROM dtx.branch_fence WHERE xid = $1 AND branch = $2 FOR UPDATE';
  return Number(await queryText(session, text, [tag.xid, tag.branchId]));
}

/** Decides for ever whether phase one of the branch has committed. */
export function resolveLocalCommit(
  session: SqlSession,
  tag: BranchTag,
): Promise<'committed' | 'rolled-back'> {
  return inTransaction(session, [LOCK_TIMEOUT], async () => {
    if (await bury(session, tag)) return 'rolled-back';
    const state = await lockFence(session, tag);
    return state === FENCE.tombstone ? 'rolled-back' : 'committed';
  });
}

const PURGE_BATCH_LENGTH = 1_000;
const PURGE_BATCHES_MAX = 100;

/** A fence stays as long as it has undo rows, which wait for a person. */
const PURGE = `
DELETE FROM dtx.branch_fence f USING (
  SELECT o.xid, o.branch FROM dtx.branch_fence o
  WHERE o.state <> ${String(FENCE.committed)}
    AND o.changed_at < now() - $1 * interval '1 millisecond'
    AND NOT EXISTS (SELECT FROM dtx.undo_row u WHERE u.branch = o.branch AND u.xid = o.xid)
  LIMIT ${String(PURGE_BATCH_LENGTH)} FOR UPDATE SKIP LOCKED) old
WHERE f.xid = old.xid AND f.branch = old.branch`;

/** Deletes fences of rollbacks that are older, at most some 100,000 at once; returns how many. */
export async function purgeFences(session: SqlSession, olderThanMs: number): Promise<number> {
  let count = 0;
  for (let batch = 0; batch < PURGE_BATCHES_MAX; batch += 1) {
    const { rowCount } = await session.query(PURGE, [olderThanMs]);
    count += rowCount;
    if (rowCount < PURGE_BATCH_LENGTH) break;
  }
  return count;
}
