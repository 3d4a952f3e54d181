import { FUNCTIONS, LOCK_SHAPE, UNDO_TABLE } from '../agreement.js';
import { literal } from '../sql-text.js';

/** What a row does to the table, as its trigger sees it. */
export type RowEvent = 'INSERT' | 'UPDATE' | 'DELETE';

/** The versions of the row that its trigger sees. */
export function rowsAt(event: RowEvent): readonly string[] {
  if (event === 'UPDATE') return ['OLD', 'NEW'];
  return [event === 'INSERT' ? 'NEW' : 'OLD'];
}

/** SQL of a row of dtx_undo_row that is somebody's lock. */
export function lock(name: string, key: string, conditions: readonly string[]): string {
  const where = [`${FUNCTIONS.xid}() IS NOT NULL`, ...conditions].join(' AND ');
  return `INSERT INTO ${UNDO_TABLE} (tbl, pk, xid, branch, shape)
  SELECT ${literal(name)}, ${key}, ${FUNCTIONS.xid}(), ${FUNCTIONS.branch}(), ${literal(LOCK_SHAPE)}
  WHERE ${where}
  ON CONFLICT (tbl, pk) DO UPDATE SET
    xid = CASE xid WHEN excluded.xid THEN xid ELSE ${FUNCTIONS.conflict}(tbl, pk, xid) END`;
}
