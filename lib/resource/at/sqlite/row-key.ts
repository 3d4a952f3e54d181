import { FUNCTIONS } from './agreement.js';
import { identifier } from './sql-text.js';
import type { KeyColumn, TableDefinition } from './table-definition.js';

/**
 * SQL of the text that names a row: the same for two values of the key exactly when its index takes
 * them for equal, and readable where it can be. It is made from the stored row. Parts of a key with
 * several columns quote themselves, so that ('a_b', 'c') is not ('a', 'b_c').
 *
 * @param row `NEW`, `OLD` or an alias
 */
export function rowKey(table: TableDefinition, row: string): string {
  if (table.isRowidKey)
    return table.key.map(({ name }) => `(${row}.${identifier(name)} || '')`)[0] ?? '';
  return valueKey(table.key, row);
}

/** SQL of the text that names values of columns. */
export function valueKey(columns: readonly KeyColumn[], row: string): string {
  return valuesKey(
    columns.map(({ collation, name }) => ({ value: `${row}.${identifier(name)}`, collation })),
  );
}

/** SQL of a value, and the collation by which it is compared. */
interface Compared {
  readonly value: string;
  readonly collation: string;
}

/** SQL of the text that names the values. */
export function valuesKey(values: readonly Compared[]): string {
  const parts = values.map(({ collation, value }) => part(value, collation));
  return `(${parts.join(` || ',' || `)})`;
}

/** SQL: every column has a value. Rows with NULL in a unique index do not meet. */
export function allPresent(columns: readonly { readonly name: string }[], row: string): string {
  return columns.map(({ name }) => `${row}.${identifier(name)} IS NOT NULL`).join(' AND ');
}

/** What a collation does not tell apart, as SQL; `quote()` would cut a text at a NUL. */
function part(value: string, collation: string): string {
  const folded = FOLDED[collation]?.(value) ?? value;
  return (
    `CASE typeof(${value})` +
    ` WHEN 'text' THEN CASE WHEN instr(${value}, char(0)) THEN 'T' || hex(${folded})` +
    ` ELSE quote(${folded}) END` +
    // 1 and 1.0 are one key where the column does not make them one value.
    ` WHEN 'real' THEN CASE WHEN abs(${value}) < 9e18 AND ${value} = CAST(${value} AS INTEGER)` +
    ` THEN CAST(${value} AS INTEGER) || '' ELSE quote(${value}) END` +
    ` ELSE quote(${value}) END`
  );
}

const FOLDED: Readonly<Record<string, (value: string) => string>> = {
  NOCASE: (value) => `lower(${value})`,
  RTRIM: (value) => `rtrim(${value})`,
};

/** SQL of one value as an SQL literal, from which SQLite makes the same value again. */
export function valueLiteral(value: string): string {
  return (
    `CASE typeof(${value})` +
    ` WHEN 'text' THEN 'CAST(X''' || hex(${value}) || ''' AS TEXT)'` +
    ` WHEN 'real' THEN CASE WHEN ${value} = 0.0 THEN ${FUNCTIONS.zero}(${value})` +
    ` ELSE quote(${value}) END` +
    ` ELSE quote(${value}) END`
  );
}
