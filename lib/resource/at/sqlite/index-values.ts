import { namesIn } from './ddl-text.js';
import { allPresent, valueKey, valuesKey } from './row-key.js';
import { identifier } from './sql-text.js';
import type { Column, KeyColumn, TableDefinition, UniqueIndex } from './table-definition.js';

/** The columns of the index; undefined where one of its parts is an expression. */
export function columnsOf({ parts }: UniqueIndex): readonly KeyColumn[] | undefined {
  const columns = parts.flatMap(({ collation, column }) =>
    column === undefined ? [] : [{ name: column, collation }],
  );
  return columns.length === parts.length ? columns : undefined;
}

/** SQL of the text that names the values that the row has in the index. */
export function indexKey(table: TableDefinition, index: UniqueIndex, row: string): string {
  const columns = columnsOf(index);
  return columns === undefined ? computedKey(table, index, row) : valueKey(columns, row);
}

/** SQL: the row is in the index, and can meet another one there. */
export function isInIndex(table: TableDefinition, index: UniqueIndex, row: string): string {
  const columns = columnsOf(index);
  if (columns === undefined) return `${computedKey(table, index, row)} IS NOT NULL`;
  return [allPresent(columns, row), ...meetsCondition(table, index, row)].join(' AND ');
}

/** SQL: an update gives the row another place in the index. */
export function changesIndex(table: TableDefinition, index: UniqueIndex): string {
  const columns = columnsOf(index);
  if (columns === undefined) {
    return `${computedKey(table, index, 'OLD')} IS NOT ${computedKey(table, index, 'NEW')}`;
  }
  const changed = columns.map(({ name }) => {
    const column = identifier(name);
    // The column may take two texts for equal that its index does not.
    return `OLD.${column} IS NOT NEW.${column} COLLATE BINARY`;
  });
  const [before, after] = ['OLD', 'NEW'].flatMap((row) => meetsCondition(table, index, row));
  if (before !== undefined && after !== undefined) changed.push(`${before} <> ${after}`);
  return `(${changed.join(' OR ')})`;
}

function meetsCondition(
  table: TableDefinition,
  { where }: UniqueIndex,
  row: string,
): readonly string[] {
  if (where === undefined) return [];
  return [`(${over(table, [where], row, (from) => `(SELECT (${where}) FROM ${from})`)} IS TRUE)`];
}

/**
 * SQL of the key over expressions; NULL for a row that meets no other. They are computed once, and
 * for no row that a partial index leaves out: `json_extract` fails where there is no JSON.
 */
function computedKey(table: TableDefinition, { parts, where }: UniqueIndex, row: string): string {
  const values = parts.map(({ column, expression }) => {
    const sql = column === undefined ? `(${expression})` : identifier(column);
    return where === undefined ? sql : `CASE WHEN (${where}) THEN ${sql} END`;
  });
  const columns = values.map((sql, place) => `${sql} AS p${String(place)}`);
  const present = parts.map((_, place) => `v.p${String(place)} IS NOT NULL`);
  const key = valuesKey(
    parts.map(({ collation }, place) => ({ value: `v.p${String(place)}`, collation })),
  );
  // LIMIT keeps SQLite from putting each expression wherever its value is used.
  return over(
    table,
    values,
    row,
    (from) =>
      `(SELECT CASE WHEN ${present.join(' AND ')} THEN ${key} END ` +
      `FROM (SELECT ${columns.join(', ')} FROM ${from} LIMIT 1) AS v)`,
  );
}

/** Whatever compares, or may do so. */
const COMPARES = /[=<>]|\b(?:IS|IN|BETWEEN|CASE|NOT|LIKE|GLOB)\b/i;

/**
 * SQL over the row as one of its table. The SQL of an index is about columns, and where it
 * compares, their types count: `n = '1'` holds where `n` is of numbers, and never for `NEW.n`.
 *
 * @param texts that are computed, by which SQLite's types and the columns are chosen
 * @param select gives the SQL over what stands behind FROM
 */
function over(
  table: TableDefinition,
  texts: readonly string[],
  row: string,
  select: (from: string) => string,
): string {
  const names = new Set(texts.flatMap(namesIn));
  const columns = table.columns.filter(({ name }) => names.has(name.toLowerCase()));
  const from = (body: string): string => select(`(${body}) AS ${identifier(table.name)}`);
  const value = ({ name }: Column): string => `${row}.${identifier(name)}`;
  const plain = columns.map((column) => `${value(column)} AS ${identifier(column.name)}`);
  if (columns.length === 0) return from('SELECT 1');
  if (!texts.some((text) => COMPARES.test(text))) return from(`SELECT ${plain.join(', ')}`);
  const own = columns.map(({ name }) => identifier(name)).join(', ');
  const stored = `main.${identifier(table.name)}`;
  const typed = (values: readonly string[]): string =>
    // The first part has no row, and gives the columns their names, types and collations. It is
    // read behind FROM alone: a WHERE would be moved into the parts, where there are no types.
    from(`SELECT ${own} FROM ${stored} WHERE 0 UNION ALL SELECT ${values.join(', ')}`);
  const texty = columns.filter(isText);
  const asTexts = columns.map((column) =>
    texty.includes(column) ? `CAST(${value(column)} AS TEXT)` : value(column),
  );
  if (texty.length === 0) return typed(asTexts);
  // SQLite forgets that a column is one of texts where a part of the union may be a number; and a
  // BLOB must not become a text.
  const blobs = texty.map((column) => `typeof(${value(column)}) = 'blob'`).join(' OR ');
  return `CASE WHEN ${blobs} THEN ${typed(columns.map(value))} ELSE ${typed(asTexts)} END`;
}

/** How SQLite tells the affinity of a column by the name of its type. */
const isText = ({ type }: Column): boolean => /char|clob|text/i.test(type) && !/int/i.test(type);
