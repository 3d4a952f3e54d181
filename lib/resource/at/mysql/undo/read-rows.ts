import type { SqlSession } from '../../at-engine.interface.js';
import { imageSql, partsOf } from '../row-image.js';
import { keyParts, keySql, primaryKey } from '../row-key.js';
import { queryRows } from '../session.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { columnOf } from '../table-definition.js';
import type { SqlValue } from '../value-codec.js';
import { collateSql, restoreSql } from '../value-codec.js';
import type { UndoRow } from './undo-row.js';

/** Rows that are found by one statement. */
const CHUNK_LENGTH = 100;

/**
 * The images of the rows as they are now, by key; none where there is no row.
 *
 * @param lock `FOR UPDATE` keeps everybody else from changing them
 */
export async function readRows(
  session: SqlSession,
  table: TableDefinition,
  rows: readonly UndoRow[],
  lock: '' | 'FOR UPDATE',
): Promise<ReadonlyMap<string, string>> {
  const images = new Map<string, string>();
  const key = keySql(keyParts(table, primaryKey(table), 't'));
  for (let start = 0; start < rows.length; start += CHUNK_LENGTH) {
    const wanted = rows.slice(start, start + CHUNK_LENGTH).map((row) => isRow(row, 't'));
    // Each row by itself, and by the key: MariaDB would rather read a small table as a whole, and
    // wait at rows of others on its way.
    const found = await queryRows<'pk' | 'image'>(
      session,
      `SELECT ${key} AS pk, ${imageSql(table, 't')} AS image
       FROM ${identifier(table.name)} t FORCE INDEX (PRIMARY)
       WHERE ${wanted.map(({ sql }) => `(${sql})`).join(' OR ')} ORDER BY pk ${lock}`,
      wanted.flatMap(({ values }) => values),
    );
    for (const { image, pk } of found) images.set(pk ?? '', image ?? '');
  }
  return images;
}

/** SQL of the condition that a row is the one of the undo row. */
export function isRow(row: UndoRow, alias: string): SqlValue {
  const parts = partsOf(row.table, row.after ?? row.before ?? '');
  const conditions = row.table.key.map((name) => {
    const column = columnOf(row.table, name);
    const { sql, values } = restoreSql(column, parts.get(column) ?? '');
    return { sql: `${alias}.${identifier(name)} = ${sql}${collateSql(column)}`, values };
  });
  return {
    sql: conditions.map(({ sql }) => sql).join(' AND '),
    values: conditions.flatMap(({ values }) => values),
  };
}
