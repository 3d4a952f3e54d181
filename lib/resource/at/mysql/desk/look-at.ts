import type { HeldRow, RowImage, SqlSession } from '../../at-engine.interface.js';
import { LOCK_SHAPE } from '../agreement.js';
import { partsOf } from '../row-image.js';
import { queryRows } from '../session.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { shapeOf } from '../table-definition.js';
import { holdTables } from '../undo/judge-rows.js';
import { readRows } from '../undo/read-rows.js';
import type { StoredUndoRow, UndoRow } from '../undo/undo-row.js';
import { showSql } from '../value-codec.js';

/** An undo row for people, and what can be done with it. */
interface Look {
  readonly held: HeldRow;
  /** Undefined where its images cannot be read. */
  readonly row: { readonly undo: UndoRow; readonly current: string | null } | undefined;
}

const GONE = 'The table is gone or has another name.';
const CHANGED = 'The columns or the primary key of the table have changed since.';

/** Compares a row with its images. */
export async function lookAt(
  session: SqlSession,
  stored: StoredUndoRow,
  lock: '' | 'FOR UPDATE',
): Promise<Look> {
  const { branchId, shown: key, tbl: table, xid } = stored;
  const nothing = { before: undefined, after: undefined, current: undefined };
  const name = { xid, branchId, table, key };
  if (stored.shape === LOCK_SHAPE) {
    return { held: { ...name, ...nothing, state: 'lock' }, row: undefined };
  }
  const definition = (await holdTables(session, [table])).get(table);
  if (definition === undefined || shapeOf(definition) !== stored.shape) {
    const trouble = definition === undefined ? GONE : CHANGED;
    return { held: { ...name, ...nothing, state: 'dirty', trouble }, row: undefined };
  }
  const undo: UndoRow = { ...stored, table: definition };
  const isEmpty = undo.before === null && undo.after === null;
  const images = await readRows(session, definition, isEmpty ? [] : [undo], lock);
  const current = images.get(undo.pk) ?? null;
  const held: HeldRow = {
    ...name,
    before: await show(session, definition, undo.before),
    after: await show(session, definition, undo.after),
    current: await show(session, definition, current),
    state: stateOf(undo, current),
  };
  return { held, row: { undo, current } };
}

function stateOf(undo: UndoRow, current: string | null): HeldRow['state'] {
  if (current === undo.before) return 'as-before';
  return current === undo.after && !undo.isBroken ? 'as-left' : 'dirty';
}

async function show(
  session: SqlSession,
  table: TableDefinition,
  image: string | null,
): Promise<RowImage> {
  if (image === null) return undefined;
  const values = [...partsOf(table, image)].map(([column, part]) => ({
    name: identifier(column.name),
    ...showSql(column, part),
  }));
  const [row] = await queryRows(
    session,
    `SELECT ${values.map(({ name, sql }) => `${sql} AS ${name}`).join(', ')}`,
    values.flatMap((value) => value.values),
  );
  return row;
}
