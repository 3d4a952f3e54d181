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
  /** The column, and those that are generated from it. */
  readonly changes: readonly string[];
}

/** SQL of the columns of a table, by their numbers, of which an object of the catalogue is made. */
const madeOf = (catalogue: string, object: string): string => `
  SELECT d.refobjsubid FROM pg_depend d
  WHERE d.classid = '${catalogue}'::regclass AND d.objid = ${object}
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::regclass AND d.refobjsubid > 0`;

/** SQL: an expression of the index `i` names the column `a`. Its condition may name others. */
const IS_IN_EXPRESSION = `i.indexprs IS NOT NULL
  AND a.attnum IN (${madeOf('pg_class', 'i.indexrelid')})
  AND strpos(pg_get_expr(i.indexprs, i.indrelid), quote_ident(a.attname)) > 0`;

/**
 * Columns of unique and exclusion constraints and indexes, but for those of the primary key, and
 * those of which their expressions and generated columns are made.
 */
const COLUMNS = `
WITH part AS (
  SELECT DISTINCT a.attnum
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum > 0
  WHERE i.indrelid = $1::regclass AND (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary
    AND (a.attnum = ANY (i.indkey) OR ${IS_IN_EXPRESSION})),
made AS (
  SELECT g.attnum, g.attname, source.refobjsubid AS input
  FROM pg_attribute g JOIN pg_attrdef v ON v.adrelid = g.attrelid AND v.adnum = g.attnum
  CROSS JOIN LATERAL (${madeOf('pg_attrdef', 'v.oid')}
    -- Up to PostgreSQL 14 it is the column itself that depends on them.
    UNION ${madeOf('pg_class', 'g.attrelid')} AND d.objsubid = g.attnum) AS source
  WHERE g.attrelid = $1::regclass AND g.attgenerated <> '')
SELECT jsonb_build_object('name', a.attname, 'isNullable', NOT a.attnotnull,
  'length', CASE WHEN a.atttypmod > 4 THEN a.atttypmod - 4 END,
  'changes', (SELECT jsonb_agg(name) FROM (
    SELECT a.attname UNION SELECT made.attname FROM made WHERE made.input = a.attnum) AS c (name))
  )::text
FROM pg_attribute a
WHERE a.attrelid = $1::regclass AND a.attgenerated = '' AND a.attidentity <> 'a'
  AND (a.attnum IN (SELECT attnum FROM part)
    OR a.attnum IN (SELECT made.input FROM made JOIN part USING (attnum)))
  AND NOT EXISTS (SELECT FROM pg_index k
    WHERE k.indrelid = $1::regclass AND k.indisprimary AND a.attnum = ANY (k.indkey))
ORDER BY a.attnum`;

/**
 * Which values rows give up: those that they must not keep, or all, which fires triggers that are
 * for other columns. But where there is no spare value for the one, as for a boolean, there may be
 * for another one of the same index.
 */
export type GivenUp = 'changed' | 'all';

/**
 * Statements that take unique values out of rows of the table, for the xid `$1` and the keys `$2`.
 *
 * @returns for each column what to try until one succeeds: a check or a trigger may refuse a value
 */
export async function roomStatements(
  session: SqlSession,
  table: TableDefinition,
  givenUp: GivenUp,
): Promise<readonly (readonly string[])[]> {
  const columns = await queryJson<UniqueColumn>(session, COLUMNS, [table.name]);
  return columns.map((column) =>
    spareValues(table, column).map(
      (value) => `WITH i AS MATERIALIZED (${imagesOf(table, '$2::text[]')}),
        r AS MATERIALIZED (SELECT i.*, row_number() OVER (ORDER BY i.pk) AS n FROM i)
        UPDATE ${rowsOf(table)} t SET ${identifier(column.name)} = ${value} FROM r AS i
        WHERE ${isRowOfImage(table)} ${givenUp === 'changed' ? isToChange(column) : ''}
          ${notCarriedOn(table, column)}`,
    ),
  );
}

/** SQL: the row must not keep the value. */
function isToChange({ name }: UniqueColumn): string {
  const column = identifier(name);
  return `AND t.${column}::text IS DISTINCT FROM (i.b).${column}::text`;
}

/** SQL of what keeps a row as it is: rows that would have to follow the value. */
function notCarriedOn(table: TableDefinition, { changes }: UniqueColumn): string {
  // A trigger may change any other column along, but for the key, by which the row is found.
  const isFollowed = (referenced: readonly string[]): boolean =>
    referenced.some((name) => changes.includes(name)) ||
    (table.hasForeignTriggers && !referenced.every((name) => table.key.includes(name)));
  return table.cascadingReferences
    .filter(({ onUpdate, referenced }) => onUpdate && isFollowed(referenced))
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
