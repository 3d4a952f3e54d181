import { identifier } from './sql-text.js';
import type { Column, IndexPart, TableDefinition } from './table-definition.js';
import { columnOf } from './table-definition.js';
import { captureSql, codecOf } from './value-codec.js';

/** Characters of a key that go into the index as they are. */
const KEY_LENGTH_MAX = 120;

/** Characters of a readable key that are kept. */
export const SHOWN_LENGTH_MAX = 200;

/** A value of a key: its column, or the column that it refers to, and SQL of it. */
export interface KeyPart {
  readonly column: Column;
  readonly value: string;
}

/** The values of columns in a row. */
export function keyParts(
  table: TableDefinition,
  parts: readonly IndexPart[],
  row: string,
): readonly KeyPart[] {
  return parts.map(({ column, length }) => {
    const value = `${row}.${identifier(column)}`;
    return {
      column: columnOf(table, column),
      value: length === undefined ? value : `LEFT(${value}, ${String(length)})`,
    };
  });
}

/** The columns of the primary key as parts. */
export function primaryKey(table: TableDefinition): readonly IndexPart[] {
  return table.key.map((column) => ({ column, length: undefined }));
}

/**
 * SQL of the text that names a key: the same for two keys exactly when the index takes them for
 * equal. It is made of the stored row; NULL where a value is. No part has a comma in it, so that
 * ('a,b', 'c') is not ('a', 'b,c').
 */
export function keySql(parts: readonly KeyPart[]): string {
  const texts = parts.map(exactSql);
  const key = texts.length === 1 ? texts.join('') : `CONCAT(${texts.join(", ',', ")})`;
  const isShort = parts.every(({ column }) => !isLong(column)) && parts.length < 4;
  if (isShort) return key;
  const limit = String(KEY_LENGTH_MAX);
  return `IF(CHAR_LENGTH(${key}) > ${limit}, CONCAT('#', SHA2(${key}, 256)), ${key})`;
}

/** SQL of the key as people read it. */
export function shownSql(parts: readonly KeyPart[]): string {
  const text = `CONCAT_WS(', ', ${parts.map(readableSql).join(', ')})`;
  return `LEFT(${text}, ${String(SHOWN_LENGTH_MAX)})`;
}

/** Whether people cannot read the exact text of the key. */
export function isOpaque(parts: readonly KeyPart[]): boolean {
  return parts.some(({ column }) => codecOf(column) !== 'plain');
}

function exactSql({ column, value }: KeyPart): string {
  const notNull = { ...column, isNullable: false };
  switch (codecOf(column)) {
    case 'text':
      return `HEX(WEIGHT_STRING(${isPadded(column) ? `RTRIM(${value})` : value}))`;
    case 'double':
      // 0 and -0 are one key.
      return captureSql(notNull, `IF(${value} = 0, 0, ${value})`);
    default:
      return captureSql(notNull, value);
  }
}

function readableSql({ column, value }: KeyPart): string {
  const isText = codecOf(column) === 'text' || /^(enum|set)$/.test(column.dataType);
  return isText
    ? `CONVERT(${value} USING utf8mb4)`
    : captureSql({ ...column, isNullable: false }, value);
}

/** Whether blanks at the end do not count when two values are compared. */
const isPadded = ({ collation = '' }: Column): boolean => !/nopad|_0900_/.test(collation);

const isLong = (column: Column): boolean => {
  const codec = codecOf(column);
  return codec === 'text' || codec === 'bytes' || codec === 'json';
};
