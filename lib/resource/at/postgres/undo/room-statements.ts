import type { SqlSession } from '../../at-engine.interface.js';
import { rowsOf } from '../row-image.js';
import { refersTo } from '../row-key.js';
import { queryJson } from '../session.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { columnOf } from '../table-definition.js';
import { imagesOf, isRowOfImage } from './compare-rows.js';

/** A column that has to be unique. */
interface UniqueColumn {
  readonly name: string;
  readonly isNullable: boolean;
  /** How many characters it takes; null where nothing limits them. */
  readonly length: number | null;
}

/** Columns of unique and exclusion constraints and indexes, but for those of the primary key. */
const COLUMNS = `
SELECT DISTINCT jsonb_build_object('name', a.attname, 'isNullable', NOT a.attnotnull,
  'length', CASE WHEN a.atttypmod > 4 THEN a.atttypmod - 4 END)::text
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = $1::regclass AND (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary
  AND a.attgenerated = '' AND a.attidentity <> 'a'`;

/**
 * Statements that take unique values out of rows of the table, for the xid `$1` and the keys `$2`.
 *
 * @returns for each column what to try until one succeeds: a check or a trigger may refuse a value
 */
export async function roomStatements(
  session: SqlSession,
  table: TableDefinition,
): Promise<readonly (readonly string[])[]> {
  const columns = await queryJson<UniqueColumn>(session, COLUMNS, [table.name]);
  return columns.map((column) =>
    spareValues(table, column).map(
      (value) => `WITH i AS MATERIALIZED (${imagesOf(table, '$2::text[]')}),
        r AS MATERIALIZED (SELECT i.*, row_number() OVER (ORDER BY i.pk) AS n FROM i)
        UPDATE ${rowsOf(table)} t SET ${identifier(column.name)} = ${value} FROM r AS i
        WHERE ${isRowOfImage(table)} ${notCarriedOn(table, column)}`,
    ),
  );
}

/** SQL of what keeps a row as it is: rows that would have to follow the value. */
function notCarriedOn({ cascadingReferences }: TableDefinition, { name }: UniqueColumn): string {
  return cascadingReferences
    .filter(({ onUpdate, referenced }) => onUpdate && referenced.includes(name))
    .map(
      ({ pairs, table: child }) =>
        `AND NOT EXISTS (SELECT FROM ${child} c WHERE ${refersTo(pairs, 'c', 't')})`,
    )
    .join(' ');
}

/** SQL of values that no row has, the likeliest first; `i.n` counts the rows that get one. */
function spareValues(table: TableDefinition, column: UniqueColumn): readonly string[] {
  // NULL may be there once, like any other value, where NULLS NOT DISTINCT says so.
  return [...(column.isNullable ? ['NULL'] : []), ...valuesBeside(table, column)];
}

function valuesBeside(table: TableDefinition, column: UniqueColumn): readonly string[] {
  const { isArray, scalarType } = columnOf(table, column.name);
  if (isArray) return [];
  const end = (which: 'max' | 'min'): string =>
    `(SELECT ${which}(x.${identifier(column.name)}) FROM ${rowsOf(table)} x)`;
  const beyond = (step: string): readonly string[] => [
    `${end('max')} + ${step}`,
    `${end('min')} - ${step}`,
  ];
  switch (scalarType) {
    case 'pg_catalog.text':
    case 'pg_catalog.varchar':
    case 'pg_catalog.bpchar':
      return [`left(md5(random()::text || i.n::text), ${String(column.length ?? 32)})`];
    case 'pg_catalog.int2':
    case 'pg_catalog.int4':
    case 'pg_catalog.int8':
    case 'pg_catalog.numeric':
      return beyond('i.n');
    case 'pg_catalog.date':
    case 'pg_catalog.timestamp':
    case 'pg_catalog.timestamptz':
      return beyond("i.n * interval '1 day'");
    case 'pg_catalog.uuid':
      return ['gen_random_uuid()'];
    default:
      return [];
  }
}
