import { NULL_PART } from './agreement.js';
import type { Column } from './table-definition.js';

/**
 * How values of a type become text, and a value again. The text is letters, digits and signs of
 * ASCII without a comma, so that neither character sets nor escapes of a connection can change it.
 */
type Codec = 'plain' | 'number' | 'double' | 'text' | 'json' | 'bytes' | 'instant';

const CODECS: ReadonlyMap<string, Codec> = new Map(
  Object.entries({
    plain: 'tinyint smallint mediumint int bigint decimal year date time datetime uuid inet4 inet6',
    number: 'bit enum set',
    double: 'float double',
    text: 'char varchar tinytext text mediumtext longtext',
    json: 'json',
    bytes:
      'binary varbinary tinyblob blob mediumblob longblob geometry point linestring polygon ' +
      'multipoint multilinestring multipolygon geometrycollection geomcollection vector',
    instant: 'timestamp',
  }).flatMap(([codec, types]) => types.split(' ').map((type) => [type, codec as Codec])),
);

/** Undefined for types that nobody has tried. */
export function codecOf({ dataType }: Column): Codec | undefined {
  return CODECS.get(dataType);
}

const CAPTURE: Readonly<Record<Codec, (value: string) => string>> = {
  plain: (value) => `CAST(${value} AS CHAR)`,
  number: (value) => `CAST(${value} + 0 AS CHAR)`,
  // A FLOAT would be printed with six digits.
  double: (value) => `CAST(CAST(${value} AS DOUBLE) AS CHAR)`,
  text: (value) => `HEX(${value})`,
  json: (value) => `HEX(CAST(${value} AS CHAR CHARACTER SET utf8mb4))`,
  bytes: (value) => `HEX(${value})`,
  // As a date it would depend on the session's time zone, and be ambiguous once a year. Of a zero
  // date the function gives 0 in a query and NULL in a trigger.
  instant: (value) => `CAST(IFNULL(UNIX_TIMESTAMP(${value}), 0) AS CHAR)`,
};

/** SQL of the text of a value. NULL where it is too long for max_allowed_packet. */
export function captureSql(column: Column, value: string): string {
  const text = CAPTURE[codecOf(column) ?? 'plain'](value);
  // IS NULL is true of a zero date in a column that is NOT NULL.
  return column.isNullable ? `IF(${value} IS NULL, '${NULL_PART}', ${text})` : text;
}

/** SQL of a value, with the parameters of that SQL. */
export interface SqlValue {
  readonly sql: string;
  readonly values: readonly string[];
}

const RESTORE: Readonly<Record<Codec, string>> = {
  plain: '?',
  number: 'CAST(? AS UNSIGNED)',
  double: 'CAST(? AS DOUBLE)',
  text: 'CONVERT(UNHEX(?) USING charset)',
  json: 'CONVERT(UNHEX(?) USING utf8mb4)',
  bytes: 'UNHEX(?)',
  instant: 'FROM_UNIXTIME(CAST(? AS DECIMAL(20, 6)))',
};

const ZERO = /^[0.]+$/;
const ZERO_DATE = "'0000-00-00 00:00:00'";

/**
 * The same as SQL of a text in a variable of a trigger.
 *
 * @param part name of the variable
 */
export function restoreFromSql(column: Column, part: string): string {
  const codec = codecOf(column) ?? 'plain';
  const sql = RESTORE[codec].replace('charset', column.charset ?? 'binary').replace('?', part);
  const value = codec === 'instant' ? `IF(${part} + 0 = 0, ${ZERO_DATE}, ${sql})` : sql;
  return column.isNullable ? `IF(${part} = '${NULL_PART}', NULL, ${value})` : value;
}

/** The value whose text it is. The session's time zone must be +00:00. */
export function restoreSql(column: Column, part: string): SqlValue {
  if (part === NULL_PART && column.isNullable) return { sql: 'NULL', values: [] };
  const codec = codecOf(column) ?? 'plain';
  if (codec === 'instant' && ZERO.test(part)) return { sql: ZERO_DATE, values: [] };
  const sql = RESTORE[codec].replace('charset', column.charset ?? 'binary');
  return { sql, values: [part] };
}

/**
 * SQL behind a restored value that makes a comparison with it the column's: the value alone would
 * have the collation of its character set. A member of ENUM or SET is a number; with a collation it
 * would be a text, and equal to no member.
 */
export function collateSql(column: Column): string {
  const isText = codecOf(column) === 'text' && column.collation !== undefined;
  return isText ? ` COLLATE ${column.collation}` : '';
}

/** SQL of the value as people read it, with its parameters. */
export function showSql(column: Column, part: string): SqlValue {
  const { sql, values } = restoreSql(column, part);
  if (values.length === 0) return { sql: `CAST(${sql} AS CHAR)`, values };
  const members = /^(enum|set)\((.*)\)$/s.exec(column.columnType);
  if (members?.[1] === 'enum') return { sql: `ELT(${sql}, ${members[2] ?? ''})`, values };
  if (members?.[1] === 'set') return { sql: `MAKE_SET(${sql}, ${members[2] ?? ''})`, values };
  if (codecOf(column) === 'bytes') return { sql: "CONCAT('0x', ?)", values };
  if (codecOf(column) === 'text') return { sql: `CONVERT(${sql} USING utf8mb4)`, values };
  return { sql: codecOf(column) === 'instant' ? `CAST(${sql} AS CHAR)` : '?', values };
}
