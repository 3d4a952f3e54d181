import { identifier } from './sql-text.js';
import type { TableDefinition } from './table-definition.js';

/**
 * SQL of the image of a row that is read from the table. An image is the text of the whole row: of
 * all ways to carry a row it is the one that gives every type back exactly.
 *
 * @param alias alias of the table
 */
export function storedImage(table: TableDefinition, alias: string): string {
  const isVirtual = table.columns.some((column) => column.generated === 'v');
  // Without the star it would be the column of that name, if there is one.
  if (!isVirtual) return `(${alias}.*)::text`;
  // A virtual column has no value in the row that a trigger sees, but is computed when it is read.
  const values = table.columns.map((column) =>
    column.generated === 'v' ? 'NULL' : `${alias}.${identifier(column.name)}`,
  );
  return `ROW(${values.join(', ')})::text`;
}

/**
 * SQL of the image of the row that a trigger sees.
 *
 * @param row `OLD` or `NEW`
 */
export function triggerImage(table: TableDefinition, row: string): string {
  // A partition may have its columns in another order than the table that it is part of.
  return table.kind === 'p' ? `(${row}::${table.name})::text` : `${row}::text`;
}

/** SQL of the table as something to read or change: itself, without tables that inherit from it. */
export function rowsOf(table: TableDefinition): string {
  return table.kind === 'p' ? table.name : `ONLY ${table.name}`;
}
