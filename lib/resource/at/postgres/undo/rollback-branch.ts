import type { BranchOutcome } from '../../../../protocol/index.js';
import { ERROR_TEXT_LENGTH_MAX } from '../../../../protocol/index.js';
import { failpoint } from '../../../../system/index.js';
import type { BranchTag, SqlSession } from '../../at-engine.interface.js';
import { FENCE, GUARD_SETTING, LOCK_SHAPE } from '../agreement.js';
import { RESTORE_SETTINGS } from '../capture/pinned-settings.js';
import { bury, lockFence } from '../fence.js';
import { inTransaction, queryJson } from '../session.js';
import type { UndoScope } from './read-undo-rows.js';
import { readUndoRows } from './read-undo-rows.js';
import { Restorer } from './restorer.js';
import type { LeftRow, UndoRow } from './undo-row.js';

/**
 * Rows are restored in the normal role: foreign keys are checked, triggers of the user fire. A
 * policy that would hide a row makes the statement fail instead, and nobody is waited for without
 * end.
 */
export const ROLLBACK_SETTINGS = [
  "lock_timeout = '3s'",
  'row_security = off',
  `${GUARD_SETTING} = 'off'`,
  ...RESTORE_SETTINGS,
];

/**
 * Undoes the branch in one local transaction, or makes sure that it can never commit. Rows that
 * somebody else has changed meanwhile stay as they are, with their undo rows.
 *
 * A second call finds the fence marked and no undo rows, or only those that were left.
 */
export function rollbackBranch(session: SqlSession, tag: BranchTag): Promise<BranchOutcome> {
  return inTransaction(session, ROLLBACK_SETTINGS, async () => {
    if (await bury(session, tag)) return buried();
    const state = await lockFence(session, tag);
    if (state === FENCE.tombstone) return DONE;

    failpoint('at.undo.locked');
    const others = await otherBranches(session, tag);
    const left = await undo(session, { xid: tag.xid, branchIds: [tag.branchId, ...others] });
    await session.query(MARK_UNDONE, [tag.xid, tag.branchId]);
    const own = left.filter(({ branchId }) => branchId === tag.branchId);
    // A row that is still to be restored will need the values and the parents that it had.
    if (own.length === 0) await session.query(FORGET_LOCKS, [tag.xid, tag.branchId]);
    return outcomeOf(own);
  });
}

/**
 * A row that two branches have changed has one undo row, the first one's. Until that is undone, it
 * can stand in the way of other rows of the second one; and triggers that fire while the second one
 * is undone can change it, such as a sum, so that the first one would take it for a stranger's. The
 * decision is about the transaction, so whatever of it is there is undone together.
 */
async function otherBranches(session: SqlSession, tag: BranchTag): Promise<readonly string[]> {
  return queryJson(
    session,
    `SELECT to_json(f.branch::text)::text FROM dtx.branch_fence f
     WHERE f.xid = $1 AND f.branch <> $2
       AND EXISTS (SELECT FROM dtx.undo_row u WHERE u.branch = f.branch AND u.xid = f.xid
         AND u.shape <> ${String(LOCK_SHAPE)})`,
    [tag.xid, tag.branchId],
  );
}

/** @returns the rows that stay as they are */
async function undo(session: SqlSession, scope: UndoScope): Promise<readonly LeftRow[]> {
  const { clean, settled, left } = await readUndoRows(session, scope);
  failpoint('at.undo.checked');
  const failures = await new Restorer(session, scope.xid).restore(clean, settled);
  failpoint('at.undo.restored');
  const restored = [...settled, ...clean].filter((row) => !failures.has(row));
  await forgetRows(session, scope.xid, restored);
  const failed = [...failures].map(([{ branchId, key, table }, reason]) => {
    return { branchId, key, tableName: table.name, reason };
  });
  return [...left, ...failed];
}

const FORGET_LOCKS = `
DELETE FROM dtx.undo_row WHERE xid = $1 AND branch = $2 AND shape = ${String(LOCK_SHAPE)}`;

const MARK_UNDONE = `
UPDATE dtx.branch_fence SET state = ${String(FENCE.undone)}, changed_at = now()
WHERE xid = $1 AND branch = $2`;

/**
 * Another branch of the same transaction may have changed a row in the meantime that was not there
 * to be locked, and folded that into the undo row. The version tells.
 */
const FORGET_ROWS = `
DELETE FROM dtx.undo_row u
USING unnest($2::text[], $3::text[], $4::text[]) AS done (tbl, pk, version)
WHERE u.tbl = done.tbl AND u.pk = done.pk AND u.xmin::text = done.version AND u.xid = $1`;

export async function forgetRows(
  session: SqlSession,
  xid: string,
  rows: readonly UndoRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const { rowCount } = await session.query(FORGET_ROWS, [
    xid,
    rows.map(({ table }) => table.name),
    rows.map(({ key }) => key),
    rows.map(({ version }) => version),
  ]);
  // Not a server error, so it counts as transient.
  if (rowCount !== rows.length) throw new Error('undo rows have changed during the rollback');
}

const DONE: BranchOutcome = { kind: 'done' };

function buried(): BranchOutcome {
  failpoint('at.undo.buried');
  return DONE;
}

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
