import { LOCK_SHAPE, UNDO_TABLE } from '../agreement.js';
import { rowsOf } from '../read-rows.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';
import type { TableDefinition } from '../table-definition.js';
import { refusalReason, shapeOf } from '../table-definition.js';
import { currentImage } from './row-statements.js';
import type { LeftRow, UndoRow } from './undo-row.js';
import { anyImage } from './undo-row.js';

/** Undo rows, by what is to be done with them. */
export interface UndoRows {
  /** As their branch has left them: to be restored, in this order. */
  readonly clean: readonly UndoRow[];
  /** As they were before their branch. */
  readonly settled: readonly UndoRow[];
  readonly left: readonly LeftRow[];
}

/** An undo row as it is stored. */
export interface StoredUndoRow {
  readonly seq: string;
  readonly xid: string;
  readonly branch: string;
  readonly tbl: string;
  readonly pk: string;
  readonly shape: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly broken: string;
}

/** Whole numbers as text: the driver may give them as either of two types. */
export const STORED_COLUMNS = `seq || '' AS seq, xid, branch, tbl, pk, shape, before, after,
  broken || '' AS broken`;

const CHANGED_TABLE = 'the columns or the primary key of the table have changed since';
const GONE = 'the table is gone or has another name';
const DIRTY = 'the row was changed by a writer outside of the transaction';

/** Rows of the branch in the reverse order of their changes, compared with what is there now. */
export function readUndoRows(
  database: SqliteDatabase,
  tables: readonly TableDefinition[],
  stored: readonly StoredUndoRow[],
): UndoRows {
  const clean: UndoRow[] = [];
  const settled: UndoRow[] = [];
  const left: LeftRow[] = [];
  for (const row of stored) {
    const undoRow = undoRowOf(tables, row);
    if (typeof undoRow === 'string') {
      left.push({ seq: row.seq, tableName: row.tbl, key: row.pk, reason: undoRow });
      continue;
    }
    const current = currentImage(database, undoRow.table, anyImage(undoRow));
    if (current === undoRow.before) settled.push(undoRow);
    else if (current === undoRow.after && row.broken === '0') clean.push(undoRow);
    else left.push({ seq: row.seq, tableName: row.tbl, key: row.pk, reason: DIRTY });
  }
  return { clean, settled, left };
}

/** The undo rows of the branches that hold images; locks have nothing to restore. */
export function storedRows(
  database: SqliteDatabase,
  xid: string,
  branchIds: readonly string[],
): readonly StoredUndoRow[] {
  const marks = branchIds.map(() => '?').join(', ');
  return rowsOf<StoredUndoRow>(
    database,
    `SELECT ${STORED_COLUMNS} FROM main.${UNDO_TABLE}
     WHERE xid = ? AND branch IN (${marks}) AND shape <> '${LOCK_SHAPE}'
     ORDER BY main.${UNDO_TABLE}.seq DESC`,
    xid,
    ...branchIds,
  );
}

/** The row with its table as it is today; a text says why it cannot be read. */
export function undoRowOf(
  tables: readonly TableDefinition[],
  { after, before, branch, pk, seq, shape, tbl }: StoredUndoRow,
): UndoRow | string {
  const table = tables.find(({ name }) => name === tbl);
  if (table === undefined) return GONE;
  const reason = refusalReason(table);
  if (reason !== undefined || shapeOf(table) !== shape) return CHANGED_TABLE;
  return {
    seq,
    branchId: branch,
    table,
    key: pk,
    before: before ?? undefined,
    after: after ?? undefined,
  };
}
