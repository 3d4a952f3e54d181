import type {
  HeldRowFilter,
  OrderReport,
  SqlSession,
  UndoOrder,
} from '../../at-engine.interface.js';
import { FENCE } from '../agreement.js';
import { inTransaction, queryJson } from '../session.js';
import { readUndoRows } from '../undo/read-undo-rows.js';
import { Restorer } from '../undo/restorer.js';
import { ROLLBACK_SETTINGS, forgetRows } from '../undo/rollback-branch.js';
import type { LeftRow, UndoRow } from '../undo/undo-row.js';
import { PICKED, pickedBy } from './undo-filter.js';

/** What a person wants, and for which rows. */
export interface UndoRequest {
  readonly order: UndoOrder;
  readonly filter: HeldRowFilter & { readonly xid: string };
  /** Branches of which the coordinator says that their rollback needs a person. */
  readonly parkedBranchIds: readonly string[];
}

interface PickedRow {
  readonly branchId: string;
  readonly table: string;
  readonly key: string;
  /** No row of its own, such as a value of a unique index. */
  readonly isLock: boolean;
}

/**
 * Carries out what a person wants, in one local transaction. The fence rows stay locked until its
 * end: a rollback that is tried at the same time waits, and finds what is left.
 */
export function carryOut(session: SqlSession, request: UndoRequest): Promise<OrderReport> {
  return inTransaction(session, ROLLBACK_SETTINGS, async () => {
    const { filter, order, parkedBranchIds } = request;
    const branchIds = await lockFences(session, filter.xid, parkedBranchIds);
    const picked = await pick(session, filter);
    const [mine, others] = [
      picked.filter(({ branchId }) => branchIds.includes(branchId)),
      picked.filter(({ branchId }) => !branchIds.includes(branchId)),
    ];
    const { done, left } = await CARRY_OUT[order](session, filter.xid, mine);
    const untouched = others.map(({ key, table }) => ({ table, key, reason: NOT_LEFT }));
    return { done, left: [...left, ...untouched] };
  });
}

const NOT_LEFT =
  'no rollback has left it: its transaction is undecided, or phase two has not come to it yet';

/** @returns the branches that a person may decide about */
function lockFences(
  session: SqlSession,
  xid: string,
  parkedBranchIds: readonly string[],
): Promise<readonly string[]> {
  return queryJson(
    session,
    `SELECT to_json(f.branch::text)::text FROM dtx.branch_fence f
     WHERE f.xid = $1 AND (f.state = ${String(FENCE.undone)} OR f.branch = ANY ($2))
     ORDER BY f.branch FOR UPDATE`,
    [xid, parkedBranchIds],
  );
}

async function pick(session: SqlSession, filter: HeldRowFilter): Promise<readonly PickedRow[]> {
  return queryJson(
    session,
    `SELECT json_build_object('branchId', u.branch::text, 'table', u.tbl, 'key', u.pk,
       'isLock', u.shape = 0 AND u.before IS NULL AND u.after IS NULL)::text
     FROM dtx.undo_row u WHERE ${PICKED} ORDER BY u.tbl, u.pk`,
    await pickedBy(session, filter),
  );
}

type CarryOut = (
  session: SqlSession,
  xid: string,
  picked: readonly PickedRow[],
) => Promise<OrderReport>;

const CARRY_OUT: Readonly<Record<UndoOrder, CarryOut>> = {
  'keep-current': keepCurrent,
  'force-before': forceBefore,
};

async function keepCurrent(
  session: SqlSession,
  xid: string,
  picked: readonly PickedRow[],
): Promise<OrderReport> {
  await session.query(
    `DELETE FROM dtx.undo_row u USING unnest($2::text[], $3::text[]) AS kept (tbl, pk)
     WHERE u.tbl = kept.tbl AND u.pk = kept.pk AND u.xid = $1`,
    [xid, picked.map(({ table }) => table), picked.map(({ key }) => key)],
  );
  return { done: picked.map(nameOf), left: [] };
}

/** Locks need nothing: phase two takes them away with the branch. */
async function forceBefore(
  session: SqlSession,
  xid: string,
  picked: readonly PickedRow[],
): Promise<OrderReport> {
  const rows = picked.filter(({ isLock }) => !isLock);
  const branchIds = [...new Set(rows.map(({ branchId }) => branchId))];
  if (branchIds.length === 0) return { done: [], left: [] };
  const wanted = new Set(rows.map(({ key, table }) => JSON.stringify([table, key])));
  const isWanted = ({ key, table }: UndoRow): boolean =>
    wanted.has(JSON.stringify([table.name, key]));

  const found = await readUndoRows(session, { xid, branchIds, isForced: true });
  const todo = found.clean.filter(isWanted);
  const failures = await new Restorer(session, xid).restore(todo);
  const done = [...found.settled.filter(isWanted), ...todo.filter((row) => !failures.has(row))];
  await forgetRows(session, xid, done);
  const failed = [...failures].map(([{ key, table }, reason]) => ({
    table: table.name,
    key,
    reason,
  }));
  const unreadable = found.left
    .map(leftRow)
    .filter(({ key, table }) => wanted.has(JSON.stringify([table, key])));
  return {
    done: done.map(({ key, table }) => ({ table: table.name, key })),
    left: [...failed, ...unreadable],
  };
}

const nameOf = ({ key, table }: PickedRow) => ({ table, key });

const leftRow = ({ key, reason, tableName }: LeftRow) => ({ table: tableName, key, reason });
