import { partsOf } from '../row-image.js';
import { identifier } from '../sql-text.js';
import type { ForeignKey, TableDefinition } from '../table-definition.js';
import { columnOf, inputsOf } from '../table-definition.js';
import type { SqlValue } from '../value-codec.js';
import { restoreSql } from '../value-codec.js';
import { isRow } from './read-rows.js';
import type { UndoRow } from './undo-row.js';

/** What is done to a row to give it its before image. */
export type RestoreAction = 'delete' | 'update' | 'insert';

/** The action that takes a row to its before image. */
export function actionFor(isThere: boolean, { before }: UndoRow): RestoreAction {
  if (before === null) return 'delete';
  return isThere ? 'update' : 'insert';
}

/** The statement that does it. It has to meet one row. */
export function restoreStatement(row: UndoRow, action: RestoreAction): SqlValue {
  return STATEMENTS[action](row);
}

const STATEMENTS: Readonly<Record<RestoreAction, (row: UndoRow) => SqlValue>> = {
  delete: (row) => {
    const name = identifier(row.table.name);
    const where = isRow(row, name);
    const spared = row.table.referrers.filter(({ onDelete }) => isActive(onDelete));
    const conditions = spared.map((reference) => nobodyRefers(row.table, reference));
    const sql = [where.sql, ...conditions].join(' AND ');
    return { sql: `DELETE FROM ${name} WHERE ${sql}`, values: where.values };
  },
  update: (row) => {
    const name = identifier(row.table.name);
    const where = isRow(row, name);
    const columns = valuesOf(row);
    const sets = columns.map(({ column, value }) => `${name}.${column} = ${value.sql}`);
    const spared = row.table.referrers.filter(
      (reference) => isActive(reference.onUpdate) && changes(row, reference),
    );
    const conditions = spared.map((reference) => nobodyRefers(row.table, reference));
    return {
      // Every column is named, also those that ON UPDATE CURRENT_TIMESTAMP would change.
      sql:
        `UPDATE ${name} SET ${sets.join(', ')} ` +
        `WHERE ${[where.sql, ...conditions].join(' AND ')}`,
      values: [...columns.flatMap(({ value }) => value.values), ...where.values],
    };
  },
  insert: (row) => {
    const columns = valuesOf(row);
    const names = columns.map(({ column }) => column).join(', ');
    const values = columns.map(({ value }) => value.sql).join(', ');
    return {
      sql: `INSERT INTO ${identifier(row.table.name)} (${names}) VALUES (${values})`,
      values: columns.flatMap(({ value }) => value.values),
    };
  },
};

/** Whether a foreign key carries a change on. */
export const isActive = (rule: string): boolean => rule === 'CASCADE' || rule === 'SET NULL';

function valuesOf({ before, table }: UndoRow): readonly { column: string; value: SqlValue }[] {
  return [...partsOf(table, before ?? '')].map(([column, part]) => ({
    column: identifier(column.name),
    value: restoreSql(column, part),
  }));
}

/** Whether the restored row has another value for those that refer to it. */
function changes({ after, before, table }: UndoRow, { parentColumns }: ForeignKey): boolean {
  if (after === null || before === null) return true;
  const [now, then] = [partsOf(table, after), partsOf(table, before)];
  const names = parentColumns.flatMap((name) => inputsOf(table, name));
  return names.some((name) => {
    const column = columnOf(table, name);
    return now.get(column) !== then.get(column);
  });
}

/**
 * SQL that keeps a row as it is when a foreign key would carry the change on: those rows may be
 * somebody else's.
 */
export function nobodyRefers(table: TableDefinition, reference: ForeignKey): string {
  const child = `${identifier(reference.childSchema)}.${identifier(reference.child)}`;
  const equal = reference.childColumns.map((column, index) => {
    const parent = identifier(reference.parentColumns[index] ?? '');
    return `c.${identifier(column)} = ${identifier(table.name)}.${parent}`;
  });
  const isOwn = reference.child === table.name && reference.childSchema === table.schema;
  const others = table.key.map(
    (name) => `c.${identifier(name)} = ${identifier(table.name)}.${identifier(name)}`,
  );
  const condition = isOwn ? ` AND NOT (${others.join(' AND ')})` : '';
  // MySQL reads the table that it deletes from only behind a derived table.
  const from = isOwn ? `(SELECT * FROM ${child}) AS c` : `${child} AS c`;
  return `NOT EXISTS (SELECT 1 FROM ${from} WHERE ${equal.join(' AND ')}${condition})`;
}
