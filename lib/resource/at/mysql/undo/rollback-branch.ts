import type { BranchOutcome } from '../../../../protocol/index.js';
import { ERROR_TEXT_LENGTH_MAX } from '../../../../protocol/index.js';
import { failpoint } from '../../../../system/index.js';
import type { BranchTag, SqlSession } from '../../at-engine.interface.js';
import { IS_NO_FENCE } from '../agreement.js';
import { isBuried, lockFence, markUndone } from '../fence.js';
import { inTransaction, queryRows } from '../session.js';
import { forgetRows } from '../own-rows.js';
import type { ForeignKey } from '../table-definition.js';
import { judgeRows } from './judge-rows.js';
import { Restorer } from './restorer.js';
import type { LeftRow, UndoScope } from './undo-row.js';

/**
 * Undoes the branch in one local transaction, or makes sure that it can never commit. Rows that
 * somebody else has changed meanwhile stay as they are, with their undo rows.
 *
 * A second call finds the fence marked and no undo rows, or only those that were left.
 *
 * @param fromElsewhere foreign keys of other databases that refer to tables of this one
 */
export async function rollbackBranch(
  session: SqlSession,
  tag: BranchTag,
  fromElsewhere: readonly ForeignKey[] = [],
): Promise<BranchOutcome> {
  const onBuried = (): void => {
    failpoint('at.undo.buried');
  };
  if (await isBuried(session, tag, onBuried)) return DONE;

  return inTransaction(session, async () => {
    const others = await otherBranches(session, tag);
    const branchIds = [tag.branchId, ...others];
    // Rows of the others go, too, and with them what proves that those have committed. In one
    // order, so that rollbacks of two branches of a transaction do not meet in a circle.
    for (const branchId of [...branchIds].sort()) {
      await lockFence(session, { xid: tag.xid, branchId });
    }
    failpoint('at.undo.locked');
    const left = await undo(session, { xid: tag.xid, branchIds, fromElsewhere });
    await markUndone(session, tag);
    return outcomeOf(left.filter(({ row }) => row.branchId === tag.branchId));
  });
}

/**
 * A row that two branches have changed has one undo row, the first one's. Until that is undone, it
 * can stand in the way of other rows of the second one; and triggers that fire while the second one
 * is undone can change it, such as a sum, so that the first one would take it for a stranger's. The
 * decision is about the transaction, so whatever of it is there is undone together.
 */
async function otherBranches(session: SqlSession, tag: BranchTag): Promise<readonly string[]> {
  const rows = await queryRows<'branch'>(
    session,
    `SELECT DISTINCT CAST(branch AS CHAR) AS branch FROM dtx_undo_row
     WHERE xid = ? AND branch <> CAST(? AS UNSIGNED) AND ${IS_NO_FENCE}`,
    [tag.xid, tag.branchId],
  );
  return rows.map(({ branch }) => branch ?? '');
}

/** @returns the rows that stay as they are */
async function undo(session: SqlSession, scope: UndoScope): Promise<readonly LeftRow[]> {
  const { clean, left, locks, settled } = await judgeRows(session, scope);
  failpoint('at.undo.checked');
  const failures = await new Restorer(session).restore(clean, settled);
  failpoint('at.undo.restored');
  const restored = [...settled, ...clean].filter((row) => !failures.has(row));
  const failed = [...failures].map(([row, reason]) => ({ row, reason }));
  const all = [...left, ...failed];
  // Values and references of rows that stay are still theirs.
  const free = locks.filter(({ branchId }) => !all.some(({ row }) => row.branchId === branchId));
  await forgetRows(session, [...restored, ...free]);
  return all;
}

const DONE: BranchOutcome = { kind: 'done' };

const KEYS_SHOWN_MAX = 10;

function outcomeOf(left: readonly LeftRow[]): BranchOutcome {
  if (left.length === 0) return DONE;
  const groups = new Map<string, LeftRow[]>();
  for (const one of left) {
    const name = JSON.stringify([one.row.tbl, one.reason]);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  const sentences = [...groups.values()].map(describe);
  const text = `Rows were left as they are, with their undo rows. ${sentences.join('; ')}.`;
  return { kind: 'cannot', error: text.slice(0, ERROR_TEXT_LENGTH_MAX) };
}

function describe(rows: readonly LeftRow[]): string {
  const [first] = rows;
  const keys = rows.slice(0, KEYS_SHOWN_MAX).map(({ row }) => row.shown);
  const more = rows.length > keys.length ? ` and ${String(rows.length - keys.length)} more` : '';
  return `${first?.row.tbl ?? ''} ${keys.join(', ')}${more}: ${first?.reason ?? ''}`;
}
