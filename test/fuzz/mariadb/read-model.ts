import type { Pool, RowDataPacket } from 'mysql2/promise';

import type { ColumnModel, KeyModel, Model, ReferenceModel, TableModel } from '../model.js';
import type { RawColumn } from './values.js';
import { isNumber, makerOf, textsOf } from './values.js';

/** In SQL: it holds when the row began or ended, in a table with system versioning. */
const IS_OF_PERIOD = "COALESCE(c.generation_expression, '') IN ('ROW START', 'ROW END')";

const COLUMNS = `
SELECT c.table_name AS tableName, c.column_name AS name, c.data_type AS type,
  c.column_type AS fullType, CAST(c.character_maximum_length AS DOUBLE) AS characters,
  CAST(c.numeric_precision AS DOUBLE) AS \`precision\`, CAST(c.numeric_scale AS DOUBLE) AS scale,
  c.is_nullable = 'NO' AS isNotNull, c.extra LIKE '%auto_increment%' AS isNumbered,
  COALESCE(c.generation_expression, '') <> '' AS isGenerated
FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = DATABASE() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
  AND NOT ${IS_OF_PERIOD}
ORDER BY c.table_name, c.ordinal_position`;

const KEYS = `
SELECT s.table_name AS tableName, s.index_name AS name, s.column_name AS columnName,
  s.sub_part IS NOT NULL AS isPrefix
FROM information_schema.statistics s
JOIN information_schema.columns c USING (table_schema, table_name, column_name)
WHERE s.table_schema = DATABASE() AND s.non_unique = 0 AND NOT ${IS_OF_PERIOD}
ORDER BY s.table_name, s.index_name <> 'PRIMARY', s.index_name, s.seq_in_index`;

const REFERENCES = `
SELECT k.table_name AS tableName, k.constraint_name AS name, k.column_name AS columnName,
  k.referenced_table_name AS target, k.referenced_column_name AS targetColumn,
  r.delete_rule IN ('CASCADE', 'SET NULL') AS isCascading
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema
  AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
WHERE k.table_schema = DATABASE() AND k.referenced_table_schema = DATABASE()
ORDER BY k.table_name, k.constraint_name, k.ordinal_position`;

const TRIGGERED = `SELECT DISTINCT event_object_table AS tableName
FROM information_schema.triggers WHERE trigger_schema = DATABASE()`;

interface RowOfColumn extends RawColumn {
  readonly tableName: string;
  readonly isNotNull: number;
  readonly isNumbered: number;
  readonly isGenerated: number;
}

interface RowOfKey {
  readonly tableName: string;
  readonly name: string;
  readonly columnName: string;
  readonly isPrefix: number;
}

interface RowOfReference {
  readonly tableName: string;
  readonly name: string;
  readonly columnName: string;
  readonly target: string;
  readonly targetColumn: string;
  readonly isCascading: number;
}

export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** Reads the database of the pool. */
export async function readModel(pool: Pool): Promise<Model> {
  const rowsOf = async <T>(sql: string): Promise<readonly T[]> =>
    (await pool.query<(RowDataPacket & T)[]>(sql))[0];
  const columns = groupBy(await rowsOf<RowOfColumn>(COLUMNS), ({ tableName }) => tableName);
  const keys = groupBy(await rowsOf<RowOfKey>(KEYS), ({ tableName }) => tableName);
  const references = groupBy(
    await rowsOf<RowOfReference>(REFERENCES),
    ({ tableName }) => tableName,
  );
  const triggered = new Set(
    (await rowsOf<{ tableName: string }>(TRIGGERED)).map(({ tableName }) => tableName),
  );
  const placesOf = (table: string, names: readonly string[]): readonly number[] =>
    names.map((name) => (columns.get(table) ?? []).findIndex((each) => each.name === name));
  const tables = [...columns].map(([name, own]): TableModel => ({
    name,
    sql: quoteName(name),
    from: quoteName(name),
    columns: own.map(toColumn),
    keys: keysOf(keys.get(name) ?? [], placesOf),
    references: referencesOf(references.get(name) ?? [], placesOf),
    hasUserTriggers: triggered.has(name),
  }));
  const whyUncompared = meetsTriggers(tables);
  return { tables, ...(whyUncompared !== undefined && { whyUncompared }) };
}

/** In AT mode triggers do what a cascade would, and so fire those of its rows. */
function meetsTriggers(tables: readonly TableModel[]): string | undefined {
  const children = tables.filter(
    ({ hasUserTriggers, references }) =>
      hasUserTriggers && references.some(({ isCascading }) => isCascading === true),
  );
  if (children.length === 0) return undefined;
  return `cascades fire the triggers of ${children.map(({ name }) => name).join(', ')}`;
}

const NUMBER_MAX = 30_000;

type PlacesOf = (table: string, names: readonly string[]) => readonly number[];

function toColumn(row: RowOfColumn): ColumnModel {
  const { name, type } = row;
  const quoted = quoteName(name);
  const [asText, literal] = textsOf(type, quoted);
  const make = makerOf(row);
  return {
    name,
    quoted,
    asText,
    literal,
    // A counter that has come to its end would make every INSERT fail.
    random: (rng) => (row.isNumbered === 1 ? String(rng.whole(1, NUMBER_MAX)) : make?.(rng)),
    isNotNull: row.isNotNull === 1,
    isGenerated: row.isGenerated === 1,
    isIdentity: false,
    isNumbered: row.isNumbered === 1,
    isNumber: isNumber(type),
    isWhole: isNumber(type) && type !== 'tinyint',
  };
}

function keysOf(rows: readonly RowOfKey[], placesOf: PlacesOf): readonly KeyModel[] {
  return [...groupBy(rows, ({ name }) => name).values()]
    .filter((parts) => parts.every(({ isPrefix }) => isPrefix === 0))
    .map((parts) => ({
      isPrimary: parts[0]?.name === 'PRIMARY',
      columns: placesOf(
        parts[0]?.tableName ?? '',
        parts.map(({ columnName }) => columnName),
      ),
    }));
}

function referencesOf(
  rows: readonly RowOfReference[],
  placesOf: PlacesOf,
): readonly ReferenceModel[] {
  return [...groupBy(rows, ({ name }) => name).values()].map((parts) => {
    const target = parts[0]?.target ?? '';
    return {
      columns: placesOf(
        parts[0]?.tableName ?? '',
        parts.map(({ columnName }) => columnName),
      ),
      target,
      isCascading: parts[0]?.isCascading === 1,
      targetColumns: placesOf(
        target,
        parts.map(({ targetColumn }) => targetColumn),
      ),
    };
  });
}

function groupBy<T>(
  rows: readonly T[],
  keyOf: (row: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
