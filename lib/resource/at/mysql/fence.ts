import type { BranchTag, SqlSession } from '../at-engine.interface.js';
import { FENCE, IS_FENCE, IS_NO_FENCE, LOCK_SHAPE } from './agreement.js';
import { BY_BRANCH, deleteUndoRows } from './own-rows.js';
import { inTransaction, queryRows, settle } from './session.js';

/** The fence of a branch, for the values of `keyOf`. */
const OF_BRANCH = `${IS_FENCE} AND pk = CONCAT(?, '/', ?)`;

const keyOf = ({ branchId, xid }: BranchTag): readonly string[] => [xid, branchId];

const INSERT = `
INSERT IGNORE INTO dtx_undo_row (tbl, pk, xid, branch, seq, nth, shape, state)
VALUES ('', CONCAT(?, '/', ?), ?, ?, UUID_SHORT()`;

/** Where the first undo row of the branch would go. */
const INSERT_TOMBSTONE = `${INSERT}, 0, ${LOCK_SHAPE}, ${String(FENCE.tombstone)})`;

const INSERT_FENCE = `${INSERT}, UUID_SHORT(), ${LOCK_SHAPE}, ${String(FENCE.committed)})`;

/** The state of the fence; undefined where there is none. */
export async function stateOfFence(
  session: SqlSession,
  tag: BranchTag,
  lock: '' | 'FOR UPDATE',
): Promise<number | undefined> {
  const text = `SELECT state AS state FROM dtx_undo_row WHERE ${OF_BRANCH} ${lock}`;
  const [fence] = await queryRows<'state'>(session, text, keyOf(tag));
  return fence === undefined ? undefined : Number(fence.state);
}

/**
 * The state of the fence, which stays locked until the end of the transaction. Of a branch that
 * has none, and is not buried, phase one has committed: it is given one that says so. Its undo rows
 * are not locked: every writer locks the row before them.
 */
export async function lockFence(session: SqlSession, tag: BranchTag): Promise<number> {
  const found = await stateOfFence(session, tag, 'FOR UPDATE');
  if (found !== undefined) return found;
  const { rowCount } = await session.query(INSERT_FENCE, [...keyOf(tag), ...keyOf(tag)]);
  if (rowCount === 1) return FENCE.committed;
  const after = await stateOfFence(session, tag, 'FOR UPDATE');
  if (after === undefined) throw new Error('the fence row has gone while it was looked for');
  return after;
}

const MARK_UNDONE = `
UPDATE dtx_undo_row SET state = ${String(FENCE.undone)}, written_at = NOW(3) WHERE ${OF_BRANCH}`;

/** Says that the branch has been rolled back, in the fence that the transaction has locked. */
export async function markUndone(session: SqlSession, tag: BranchTag): Promise<void> {
  await session.query(MARK_UNDONE, keyOf(tag));
}

const LOCK_FIRST_ROW = `
SELECT nth AS nth FROM ${BY_BRANCH}
WHERE xid = ? AND branch = CAST(? AS UNSIGNED) AND nth = 0 FOR UPDATE`;

const STATE_OF_ROWS = `
SELECT MAX(state) AS state FROM ${BY_BRANCH}
WHERE xid = ? AND branch = CAST(? AS UNSIGNED)`;

/**
 * Whether phase one can never commit: decides it for ever. A tombstone and the first undo row have
 * one place, so the later of the two waits for the other's end.
 *
 * A tombstone that meets the other locks the gap beside it, in which all others write, and while it
 * waits as well. So the first row is waited for by itself, and the transaction that inserts the
 * tombstone does nothing else.
 *
 * @param onBuried called where the tombstone stands, before it is durable
 */
export async function isBuried(
  session: SqlSession,
  tag: BranchTag,
  onBuried: () => void = () => undefined,
): Promise<boolean> {
  await settle(session);
  const state = await stateOfRows(session, tag);
  if (state !== undefined) return state === FENCE.tombstone;
  const isMine = await inTransaction(session, async () => {
    const [first] = await queryRows(session, LOCK_FIRST_ROW, keyOf(tag));
    if (first !== undefined) return false;
    const values = [...keyOf(tag), ...keyOf(tag)];
    const { rowCount } = await session.query(INSERT_TOMBSTONE, values);
    if (rowCount === 1) onBuried();
    return rowCount === 1;
  });
  if (isMine) return true;
  const after = await stateOfRows(session, tag);
  if (after === undefined) throw new Error('the fence row has gone while it was looked for');
  return after === FENCE.tombstone;
}

async function stateOfRows(session: SqlSession, tag: BranchTag): Promise<number | undefined> {
  const [rows] = await queryRows<'state'>(session, STATE_OF_ROWS, keyOf(tag));
  const state = rows?.state ?? null;
  return state === null ? undefined : Number(state);
}

/** Decides for ever whether phase one of the branch has committed. */
export async function resolveLocalCommit(
  session: SqlSession,
  tag: BranchTag,
): Promise<'committed' | 'rolled-back'> {
  return (await isBuried(session, tag)) ? 'rolled-back' : 'committed';
}

const PURGE_BATCH_LENGTH = 500;
const PURGE_BATCHES_MAX = 200;

/** A fence stays as long as its branch has undo rows, which wait for a person. */
const OLD = `
SELECT f.tbl AS tbl, f.pk AS pk FROM dtx_undo_row f FORCE INDEX (PRIMARY)
WHERE f.${IS_FENCE} AND f.state <> ${String(FENCE.committed)}
  AND f.written_at < NOW(3) - INTERVAL ? MICROSECOND
  AND NOT EXISTS (SELECT 1 FROM dtx_undo_row u
    WHERE u.xid = f.xid AND u.branch = f.branch AND u.${IS_NO_FENCE})
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
  const rows = await queryRows<'tbl' | 'pk'>(session, OLD, [olderThanMs * 1_000]);
  return deleteUndoRows(
    session,
    rows.map(({ pk, tbl }) => ({ tbl: tbl ?? '', pk: pk ?? '' })),
  );
}
