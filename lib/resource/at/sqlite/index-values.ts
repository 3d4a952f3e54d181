import { valuesKey } from './row-key.js';
import { identifier } from './sql-text.js';
import type { Column, IndexPart, TableDefinition, UniqueIndex } from './table-definition.js';

/** SQL of the text that names the values that the row has in the index. */
export function indexKey(table: TableDefinition, { parts }: UniqueIndex, row: string): string {
  return valuesKey(
    parts.map((part) => ({ value: valueOf(table, part, row), collation: part.collation })),
  );
}

/** SQL: the row is in the index, and can meet another one there. */
export function isInIndex(table: TableDefinition, index: UniqueIndex, row: string): string {
  const present = index.parts.map((part) => `${valueOf(table, part, row)} IS NOT NULL`);
  return [...present, ...meetsCondition(table, index, row)].join(' AND ');
}

/** SQL: an update gives the row another place in the index. */
export function changesIndex(table: TableDefinition, index: UniqueIndex): string {
  const changed = index.parts.map((part) => {
    const [before, after] = [valueOf(table, part, 'OLD'), valueOf(table, part, 'NEW')];
    // The column may take two texts for equal that its index does not.
    return `${before} IS NOT ${after} COLLATE BINARY`;
  });
  const [before, after] = ['OLD', 'NEW'].flatMap((row) => meetsCondition(table, index, row));
  if (before !== undefined && after !== undefined) changed.push(`${before} <> ${after}`);
  return `(${changed.join(' OR ')})`;
}

/** Not as a WHERE: SQLite would move that into the parts of the union, where it has no types. */
function meetsCondition(
  table: TableDefinition,
  { where }: UniqueIndex,
  row: string,
): readonly string[] {
  return where === undefined ? [] : [`(${valueOver(table, where, row)} IS TRUE)`];
}

function valueOf(table: TableDefinition, { column, expression }: IndexPart, row: string): string {
  if (column !== undefined) return `${row}.${identifier(column)}`;
  return valueOver(table, expression, row);
}

const valueOver = (table: TableDefinition, expression: string, row: string): string =>
  `(SELECT (${expression}) FROM ${named(table, row)})`;

/**
 * The row as one of its table. The SQL of an index is about columns, whose types count where it
 * compares: `'1' = n` holds where n is a column of numbers, and never for `NEW.n`. The first part
 * of the union has no row, and gives the columns their names, types and collations.
 */
function named({ columns, name }: TableDefinition, row: string): string {
  const names = columns.map((column) => identifier(column.name));
  const values = columns.map((column) => typed(column, `${row}.${identifier(column.name)}`));
  return (
    `(SELECT ${names.join(', ')} FROM main.${identifier(name)} WHERE 0 ` +
    `UNION ALL SELECT ${values.join(', ')})`
  );
}

/** SQLite forgets that a column is one of texts where another part of the union may be a number. */
function typed({ type }: Column, value: string): string {
  return IS_TEXT.test(type) && !IS_INTEGER.test(type) ? `CAST(${value} AS TEXT)` : value;
}

/** How SQLite tells the affinity of a column by the name of its type. */
const IS_TEXT = /char|clob|text/i;
const IS_INTEGER = /int/i;
