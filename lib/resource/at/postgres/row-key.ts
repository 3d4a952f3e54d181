import { identifier } from './sql-text.js';
import type { Column, ForeignKeyPair, TableDefinition } from './table-definition.js';
import { columnOf } from './table-definition.js';

/** Bytes of a key that go into the index as they are; a B-tree entry holds some 2700. */
const KEY_LENGTH_MAX = 512;

/** Types whose text may be longer than that. */
const UNBOUNDED_TYPES = new Set('text varchar bpchar citext bytea numeric bit varbit'.split(' '));

/** Types of which two values are equal exactly when their texts are, under pinned settings. */
const CANONICAL_TYPES = new Set([
  ...'bool int2 int4 int8 oid uuid text varchar bpchar char name bytea numeric'.split(' '),
  ...'float4 float8 date timestamp timestamptz time timetz inet cidr macaddr macaddr8'.split(' '),
  // What an index holds of a name.
  'cstring',
  ...'bit varbit money pg_lsn int4range int8range daterange tsrange tstzrange citext'.split(' '),
]);

/**
 * SQL of the text that names a row: the same for two values of the key exactly when they are equal.
 * It is made from the stored row. Several columns become the text of a row, which quotes them, so
 * that ('a_b', 'c') is not ('a', 'b_c').
 *
 * @param row variable or alias that holds the row, as SQL
 */
export function rowKey(table: TableDefinition, row: string): string {
  const columns = table.key.map((name) => columnOf(table, name));
  const values = columns.map(({ name }) => `${row}.${identifier(name)}`);
  return keyText(columns, values, 'single');
}

/**
 * SQL of the text that names the values, as rowKey() does. None of them is NULL.
 *
 * @param form `row` tells NULL from the empty text also where there is one value
 */
export function keyText(
  columns: readonly Column[],
  values: readonly string[],
  form: 'single' | 'row',
): string {
  const parts = columns.map((column, index) => canonicalText(column, values[index] ?? ''));
  const isSingle = parts.length === 1 && form === 'single';
  const key = isSingle ? parts.join('') : `ROW(${parts.join(', ')})::text`;
  return columns.some(isUnbounded) ? shortened(key) : key;
}

/**
 * SQL of a condition that is true for two rows of the same key, and that an index can answer. The
 * operator of a type that is not the system's need not be visible where this runs.
 */
export function sameKey(table: TableDefinition, left: string, right: string): string {
  const equalities = table.key.map((name) => {
    const { isArray, scalarKind, scalarSchema } = columnOf(table, name);
    const isForeign = scalarSchema !== 'pg_catalog' && scalarKind === 'b' && !isArray;
    const operator = isForeign ? `OPERATOR(${identifier(scalarSchema)}.=)` : '=';
    return `${left}.${identifier(name)} ${operator} ${right}.${identifier(name)}`;
  });
  return equalities.join(' AND ');
}

/**
 * The same, for rows whose keys are spelled alike, too: an update from `a` to `A`, where those are
 * equal, is to whoever locks keys one row that went and another one that came.
 */
export function sameSpelling(table: TableDefinition, left: string, right: string): string {
  const isExact = table.key.every((name) => isCanonical(columnOf(table, name)));
  const equal = sameKey(table, left, right);
  const keys = [left, right].map((row) => `(${rowKey(table, row)}) COLLATE "C"`);
  return isExact ? equal : `${equal} AND ${keys.join(' = ')}`;
}

/**
 * SQL of a condition that is true when a row refers to another one, as the check of the foreign key
 * compares them: where the columns have two collations, by the parent's.
 */
export function refersTo(pairs: readonly ForeignKeyPair[], child: string, parent: string): string {
  const equalities = pairs.map((pair) => {
    const collated = pair.collation === null ? '' : ` COLLATE ${pair.collation}`;
    const value = `${child}.${identifier(pair.child)}${collated}`;
    return `${parent}.${identifier(pair.parent)} ${pair.operator} ${value}`;
  });
  return equalities.join(' AND ');
}

function canonicalText(column: Column, value: string): string {
  switch (baseName(column)) {
    case 'numeric':
      // 1.0 and 1.00 are one key.
      return `trim_scale(${value})::text`;
    case 'float4':
    case 'float8':
      // So are 0 and -0.
      return `(${value} + 0)::text`;
    case 'citext':
      return `lower(${value}::text)`;
    default:
      return `${value}::text`;
  }
}

/** A long key is named by a digest; one that looks like a digest too, so that no two can meet. */
function shortened(key: string): string {
  const isLong = `octet_length(${key}) > ${String(KEY_LENGTH_MAX)} OR left(${key}, 1) = '#'`;
  const digest = `'#' || encode(sha256(convert_to(${key}, 'UTF8')), 'hex')`;
  return `CASE WHEN ${isLong} THEN ${digest} ELSE ${key} END`;
}

function isUnbounded(column: Column): boolean {
  return !isCanonical(column) || UNBOUNDED_TYPES.has(baseName(column));
}

/** Whether two values of the column are equal exactly when their texts are. */
export function isCanonical(column: Column): boolean {
  if (!column.isDeterministic || column.isArray) return false;
  return column.scalarKind === 'e' || CANONICAL_TYPES.has(baseName(column));
}

/** Name of a type of the system, or of the one extension type that is common in keys. */
function baseName({ isArray, scalarSchema, scalarType }: Column): string {
  const name = scalarType.slice(scalarSchema.length + 1);
  return !isArray && (scalarSchema === 'pg_catalog' || name === 'citext') ? name : '';
}
