import type { Rng } from '../../simulation/kernel/rng.js';
import type { Make } from '../random-values.js';
import { bits, day, digits, integer, jsonOf, time, uuid, word } from '../random-values.js';

/** What the catalogue says about a column. */
export interface RawColumn {
  readonly name: string;
  /** Such as `varchar`. */
  readonly type: string;
  /** Such as `varchar(20)`, with the members of an ENUM and UNSIGNED. */
  readonly fullType: string;
  readonly characters: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
}

const NEEDS_HEX = /[\\\p{Cc}]/u;

/** A string as SQL writes it, whatever `sql_mode` says about backslashes. */
export function quote(text: string): string {
  if (NEEDS_HEX.test(text)) return `_utf8mb4 x'${Buffer.from(text).toString('hex')}'`;
  return `'${text.replaceAll("'", "''")}'`;
}

const hex = (rng: Rng): string =>
  rng.chance(0.3) ? rng.pick(['', '00', 'ff00', '61']) : rng.hex(rng.below(4));
const bytes: Make = (rng) => `x'${hex(rng)}'`;
const quoted =
  (make: Make): Make =>
  (rng) =>
    quote(make(rng));

const WHOLE_MAX: Readonly<Record<string, string>> = {
  tinyint: '127',
  smallint: '32767',
  mediumint: '8388607',
  int: '2147483647',
  bigint: '9223372036854775807',
};

function whole({ fullType, type }: RawColumn): Make {
  const max = WHOLE_MAX[type] ?? '127';
  const make = integer(max);
  const isUnsigned = fullType.includes('unsigned');
  return (rng) => {
    const text = type === 'tinyint' ? String(rng.whole(-3, 120)) : make(rng);
    return isUnsigned ? text.replace('-', '') : text;
  };
}

const decimal =
  ({ precision, scale }: RawColumn): Make =>
  (rng) => {
    const left = Math.max(0, Math.min(4, (precision ?? 10) - (scale ?? 0)));
    const number = `${rng.pick(['', '', '-'])}0${digits(rng, rng.below(left + 1))}`;
    return scale ? `${number}.${digits(rng, rng.whole(1, scale))}` : number;
  };

const float: Make = (rng) =>
  rng.chance(0.2)
    ? rng.pick(['0', '-0e0', '1e-30', '1.5e20', '0.1', '3.4e38'])
    : String(rng.between(-1000, 1000));

const moment: Make = (rng) =>
  rng.pick([`${day(rng)} ${time(rng)}`, `${day(rng)} ${time(rng)}`, '0000-00-00 00:00:00']);

const instant: Make = (rng) =>
  rng.pick([
    ...['1970-01-02 00:00:00', '2024-10-27 02:30:00.123', '2038-01-01 00:00:00'],
    `${String(rng.whole(1990, 2030))}${day(rng).slice(4)} ${time(rng)}`,
  ]);

/** What fits most of the time. */
const text =
  ({ characters }: RawColumn): Make =>
  (rng) => {
    const long = word(rng);
    return characters !== null && rng.chance(0.95) ? cut(long, characters) : long;
  };

/** Not in the middle of a character. */
const cut = (long: string, characters: number): string =>
  Array.from(long).slice(0, characters).join('');

const membersOf = ({ fullType }: RawColumn): readonly string[] =>
  [...fullType.matchAll(/'((?:[^']|'')*)'/g)].map(([, name = '']) => name.replaceAll("''", "'"));

const point: Make = (rng) => `POINT(${String(rng.below(9))} ${String(rng.below(9))})`;
const line: Make = (rng) => `LINESTRING(0 0, ${point(rng).slice(6, -1)})`;
const square: Make = () => 'POLYGON((0 0, 0 3, 3 3, 3 0, 0 0))';
const shape = (make: Make): Make => {
  return (rng) => `ST_GeomFromText('${make(rng)}'${rng.chance(0.3) ? ', 4326' : ''})`;
};

type MakerOf = (column: RawColumn) => Make;

const MAKERS: Readonly<Record<string, MakerOf>> = {
  ...Object.fromEntries(Object.keys(WHOLE_MAX).map((type) => [type, whole])),
  decimal,
  float: () => float,
  double: () => float,
  bit:
    ({ precision }) =>
    (rng) =>
      `b'${bits(rng, rng.whole(1, precision ?? 1))}'`,
  year: () => (rng) => rng.pick(['2024', '1901', '2155', '0', '1999']),
  date: () => quoted((rng) => (rng.chance(0.1) ? '0000-00-00' : day(rng))),
  time: () => quoted((rng) => (rng.chance(0.1) ? '-838:59:59' : time(rng))),
  datetime: () => quoted(moment),
  timestamp: () => quoted(instant),
  enum: (column) => (rng) => quote(rng.pick(membersOf(column))),
  set: (column) => (rng) =>
    quote(
      membersOf(column)
        .filter(() => rng.chance(0.4))
        .join(','),
    ),
  uuid: () => quoted(uuid),
  inet4: () => quoted((rng) => `10.0.0.${String(rng.below(256))}`),
  inet6: () => quoted((rng) => rng.pick(['::1', 'fe80::1', '::', `::${rng.hex(1)}`])),
  point: () => shape(point),
  linestring: () => shape(line),
  polygon: () => shape(square),
  geometry: () => shape((rng) => rng.pick([point, line, square])(rng)),
};

const BYTES = /binary|blob/;
const GEOMETRY = /^(?:multi)?(?:point|linestring|polygon)$|^geometry(?:collection)?$/;
const TEXTUAL = /char|text/;

/** @returns undefined where nothing is known about the type */
export function makerOf(column: RawColumn): Make | undefined {
  const { fullType, type } = column;
  if (BYTES.test(type)) return bytes;
  // JSON is text with a rule for what it may be.
  if (type === 'json' || fullType === 'json') return quoted((rng) => JSON.stringify(jsonOf(rng)));
  return MAKERS[type]?.(column) ?? (TEXTUAL.test(type) ? quoted(text(column)) : undefined);
}

/** How values of a column are read as text, and written again. */
export function textsOf(type: string, column: string): readonly [string, (text: string) => string] {
  if (BYTES.test(type)) return [`HEX(${column})`, (text) => `x'${text}'`];
  if (GEOMETRY.test(type)) {
    return [
      `CONCAT(HEX(ST_AsBinary(${column})), ':', ST_SRID(${column}))`,
      (text) => `ST_GeomFromWKB(x'${text.replace(':', "', ")})`,
    ];
  }
  if (type === 'bit') return [`CAST(${column} + 0 AS CHAR)`, (text) => text];
  if (type === 'float' || type === 'double') {
    // Without an exponent the sign of -0 would get lost.
    const literal = (text: string): string => (text.includes('e') ? text : `${text}e0`);
    return [`CAST(CAST(${column} AS DOUBLE) AS CHAR)`, literal];
  }
  const asText = `CAST(${column} AS CHAR CHARACTER SET utf8mb4)`;
  return [asText, NUMERIC.has(type) ? (text) => text : quote];
}

const NUMERIC: ReadonlySet<string> = new Set([...Object.keys(WHOLE_MAX), 'decimal', 'year']);

export const isNumber = (type: string): boolean => NUMERIC.has(type) && type !== 'year';
