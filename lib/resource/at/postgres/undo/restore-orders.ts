import { isDeepStrictEqual } from 'node:util';

import { RESTORE_TRIGGER } from '../agreement.js';
import type { TableDefinition } from '../table-definition.js';
import type { RestoreOrder, UndoRow } from './undo-row.js';
import { actionFor } from './undo-row.js';

/** Such a row is restored by a statement of its own. */
export const needsImage = ({ row, action }: RestoreOrder): boolean =>
  action !== 'delete' && hasRestoreTrigger(row.table);

const hasRestoreTrigger = ({ triggers }: TableDefinition): boolean =>
  triggers.some(({ name }) => name === RESTORE_TRIGGER);

/** What takes the row from the state that the branch has left to the one before it. */
export const firstOrder = (row: UndoRow): RestoreOrder => ({
  row,
  action: actionFor(row.hasAfter, row.hasBefore),
  columns: row.changed,
});

/** A row that others refer to by a cascading foreign key cannot go, not even for a moment. */
export function replaceOrder(row: UndoRow): RestoreOrder {
  const order = firstOrder(row);
  const isReferred = row.table.cascadingReferences.some(({ onDelete }) => onDelete);
  return order.action === 'update' && !isReferred ? { ...order, action: 'replace' } : order;
}

const isAlike = (one: RestoreOrder, other: RestoreOrder): boolean =>
  one.row.table === other.row.table &&
  one.action === other.action &&
  (one.action !== 'update' || isDeepStrictEqual(one.columns, other.columns));

/** Neighbours of one table that need the same are restored by one statement. */
export function runsOf(orders: readonly RestoreOrder[]): readonly (readonly RestoreOrder[])[] {
  const runs: RestoreOrder[][] = [];
  for (const order of orders) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const isSame = last !== undefined && isAlike(last, order);
    if (run !== undefined && isSame && !needsImage(order)) run.push(order);
    else runs.push([order]);
  }
  return runs;
}
