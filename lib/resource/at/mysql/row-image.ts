import { identifier } from './sql-text.js';
import type { Column, TableDefinition } from './table-definition.js';
import { storedColumns } from './table-definition.js';
import { captureSql } from './value-codec.js';

/**
 * SQL of the image of a row: its values with commas between them. NULL where the row is too long.
 *
 * @param row `OLD`, `NEW` or an alias
 */
export function imageSql(table: TableDefinition, row: string): string {
  const parts = storedColumns(table).map((column) =>
    captureSql(column, `${row}.${identifier(column.name)}`),
  );
  return `CONCAT(${parts.join(", ',', ")})`;
}

/** The values in an image, by column. */
export function partsOf(table: TableDefinition, image: string): ReadonlyMap<Column, string> {
  const parts = image.split(',');
  const columns = storedColumns(table);
  if (parts.length !== columns.length) throw new Error(`an image of ${table.name} is malformed`);
  return new Map(columns.map((column, index) => [column, parts[index] ?? '']));
}
