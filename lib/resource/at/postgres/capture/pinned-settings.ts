import type { Column } from '../table-definition.js';

/** Settings under which the text of a value means one thing, by what depends on them. */
const PINS = {
  dates: ["datestyle = 'ISO, MDY'", "timezone = 'UTC'"],
  intervals: ["intervalstyle = 'postgres'"],
  floats: ['extra_float_digits = 1'],
  bytes: ["bytea_output = 'hex'"],
  money: ["lc_monetary = 'C'"],
  names: ['quote_all_identifiers = off'],
  xml: ["xmloption = 'content'"],
} as const;

type Pin = keyof typeof PINS;

const PINS_BY_TYPE: ReadonlyMap<string, readonly Pin[]> = new Map([
  ...typesOf('date time timetz timestamp timestamptz daterange tsrange tstzrange', ['dates']),
  ...typesOf('datemultirange tsmultirange tstzmultirange', ['dates']),
  ...typesOf('interval', ['intervals']),
  ...typesOf('float4 float8 point line lseg box path polygon circle', ['floats']),
  ...typesOf('bytea', ['bytes']),
  ...typesOf('money', ['money']),
  ...typesOf('regclass regproc regprocedure regoper regoperator regtype regrole', ['names']),
  ...typesOf('regnamespace regconfig regdictionary regcollation', ['names']),
  ...typesOf('xml', ['xml']),
  ...typesOf('bool int2 int4 int8 numeric text varchar bpchar char name uuid json jsonb', []),
  ...typesOf('bit varbit inet cidr macaddr macaddr8 oid xid xid8 cid tid pg_lsn', []),
  ...typesOf('int4range int8range numrange int4multirange int8multirange nummultirange', []),
  ...typesOf('tsvector tsquery jsonpath cstring', []),
]);

const EVERY_PIN = Object.keys(PINS) as Pin[];

/**
 * The settings that a function needs that turns these columns into text, or text into them. Each
 * one is set and reset at every call, so it is there only when a column's type depends on it; a
 * type that is not known here may depend on all of them.
 */
export function pinnedSettings(columns: readonly Column[]): readonly string[] {
  const needed = new Set(columns.flatMap(pinsOf));
  return EVERY_PIN.filter((pin) => needed.has(pin)).flatMap((pin) => PINS[pin]);
}

/**
 * All of them but the time zone: what is restored must not change what now() means to triggers. And
 * how a NULL is read that stands in an array; it is written in one way.
 */
export const RESTORE_SETTINGS: readonly string[] = [
  ...EVERY_PIN.flatMap((pin) => PINS[pin]).filter((setting) => !setting.startsWith('timezone')),
  'array_nulls = on',
];

function pinsOf(column: Column): readonly Pin[] {
  if (column.scalarKind === 'e') return [];
  return PINS_BY_TYPE.get(column.scalarType) ?? EVERY_PIN;
}

function typesOf(names: string, pins: readonly Pin[]): readonly [string, readonly Pin[]][] {
  return names.split(' ').map((name) => [`pg_catalog.${name}`, pins]);
}
