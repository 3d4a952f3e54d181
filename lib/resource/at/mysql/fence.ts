import type { BranchTag, SqlSession } from '../at-engine.interface.js';
import { FENCE } from './agreement.js';
import { deleteFences } from './own-rows.js';
import { inTransaction, queryRows } from './session.js';

const STATE = `
SELECT state AS state FROM dtx_branch_fence
WHERE xid = ? AND branch = CAST(? AS UNSIGNED) FOR UPDATE`;

const INSERT_TOMBSTONE = `
INSERT IGNORE INTO dtx_branch_fence (xid, branch, state) VALUES (?, ?, ${String(FENCE.tombstone)})`;

/**
 * The state of the fence row, which stays locked until the end of the transaction. Where there is
 * none, a tombstone goes there. The primary key puts this and phase one in order: the later of the
 * two waits for the other's end.
 */
export async function lockFence(session: SqlSession, tag: BranchTag): Promise<number> {
  const values = [tag.xid, tag.branchId];
  const [found] = await queryRows<'state'>(session, STATE, values);
  if (found !== undefined) return Number(found.state);
  const { rowCount } = await session.query(INSERT_TOMBSTONE, values);
  if (rowCount === 1) return FENCE.tombstone;
  const [after] = await queryRows<'state'>(session, STATE, values);
  if (after === undefined) throw new Error('the fence row has gone while it was looked for');
  return Number(after.state);
}

/** Decides for ever whether phase one of the branch has committed. */
export function resolveLocalCommit(
  session: SqlSession,
  tag: BranchTag,
): Promise<'committed' | 'rolled-back'> {
  return inTransaction(session, async () => {
    const state = await lockFence(session, tag);
    return state === FENCE.tombstone ? 'rolled-back' : 'committed';
  });
}

const PURGE_BATCH_LENGTH = 500;
const PURGE_BATCHES_MAX = 200;

/** A fence stays as long as it has undo rows, which wait for a person. */
const OLD = `
SELECT f.xid AS xid, CAST(f.branch AS CHAR) AS branch FROM dtx_branch_fence f
WHERE f.state <> ${String(FENCE.committed)} AND f.changed_at < NOW(3) - INTERVAL ? MICROSECOND
  AND NOT EXISTS (SELECT 1 FROM dtx_undo_row u WHERE u.xid = f.xid AND u.branch = f.branch)
LIMIT ${String(PURGE_BATCH_LENGTH)} FOR UPDATE SKIP LOCKED`;

/** Deletes fences of rollbacks that are older, at most some 100,000 at once; returns how many. */
export async function purgeFences(session: SqlSession, olderThanMs: number): Promise<number> {
  let count = 0;
  for (let batch = 0; batch < PURGE_BATCHES_MAX; batch += 1) {
    const found = await inTransaction(session, () => purgeBatch(session, olderThanMs));
    count += found;
    if (found < PURGE_BATCH_LENGTH) break;
  }
  return count;
}

async function purgeBatch(session: SqlSession, olderThanMs: number): Promise<number> {
  const rows = await queryRows<'xid' | 'branch'>(session, OLD, [olderThanMs * 1_000]);
  return deleteFences(
    session,
    rows.map(({ branch, xid }) => ({ xid: xid ?? '', branch: branch ?? '' })),
  );
}
