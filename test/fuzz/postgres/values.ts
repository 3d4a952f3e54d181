import type { Rng } from '../../simulation/kernel/rng.js';
import type { Make } from '../random-values.js';
import {
  address,
  bits,
  day,
  digits,
  integer,
  jsonOf,
  pad,
  time,
  uuid,
  word,
} from '../random-values.js';
import type { TypeModel } from './read-model.js';

type Types = ReadonlyMap<number, TypeModel>;

/** A string as SQL writes it, whatever `standard_conforming_strings` says. */
export function quote(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

const float: Make = (rng) =>
  rng.chance(0.1)
    ? rng.pick(['NaN', 'Infinity', '-Infinity', '-0', '1e-30', '3.4e38', '0.1'])
    : String(rng.between(-1000, 1000));
const numeric: Make = (rng) =>
  rng.chance(0.05)
    ? rng.pick(['NaN', '0.00000000000000000001', '99999999999999999999.5', '0.000', '-0.10'])
    : `${String(rng.whole(-50, 900))}.${digits(rng, rng.whole(1, 4))}`;
const date: Make = (rng) =>
  rng.chance(0.05)
    ? rng.pick(['infinity', '-infinity', '0044-03-15 BC', '9999-12-31', '2024-02-29'])
    : day(rng);
const zone: Make = (rng) => rng.pick(['+00', '+02', '-05:30', '+13']);
const timestamp: Make = (rng) => {
  const day = date(rng);
  return /^\d{4}-\d\d-\d\d$/.test(day) ? `${day} ${time(rng)}` : day;
};
const point: Make = (rng) => `(${float(rng).replace(/N.*|-?I.*/, '1')},${String(rng.below(9))})`;
const hexPairs = (rng: Rng, count: number): string =>
  Array.from({ length: count }, () => pad(rng.below(90) + 10)).join(':');

/** What can stand between quotes, by the name of the type. */
const MAKERS: Readonly<Record<string, Make>> = {
  int2: integer('32767'),
  int4: integer('2147483647'),
  int8: integer('9223372036854775807'),
  oid: (rng) => String(rng.below(100_000)),
  xid: (rng) => String(rng.below(100_000)),
  cid: (rng) => String(rng.below(100_000)),
  tid: (rng) => `(${String(rng.below(9))},${String(rng.below(9))})`,
  float4: float,
  float8: float,
  numeric,
  money: (rng) => `${String(rng.whole(-50, 900))}.${digits(rng, 2)}`,
  bool: (rng) => rng.pick(['true', 'false']),
  text: word,
  varchar: word,
  bpchar: word,
  citext: word,
  name: word,
  char: (rng) => rng.pick(['a', 'B', '1']),
  bytea: (rng) => `\\x${rng.chance(0.2) ? '00ff' : rng.hex(rng.below(4))}`,
  date,
  time,
  timetz: (rng) => `${time(rng)}${zone(rng)}`,
  timestamp,
  timestamptz: (rng) => {
    const moment = timestamp(rng);
    return /\d$/.test(moment) ? `${moment}${zone(rng)}` : moment;
  },
  interval: (rng) =>
    `${String(rng.whole(-3, 9))} mons ${String(rng.whole(-40, 40))} days ${time(rng)}`,
  uuid,
  json: (rng) => JSON.stringify(jsonOf(rng), null, rng.below(3)).replaceAll('\\u0000', ''),
  jsonb: (rng) => JSON.stringify(jsonOf(rng)).replaceAll('\\u0000', ''),
  jsonpath: (rng) => rng.pick(['$.a', '$[*] ? (@ > 1)', 'strict $.b.c']),
  xml: (rng) => rng.pick(['<a/>', '<a b="1">x</a>', 'text only', '<a>ü</a>']),
  inet: address,
  cidr: address,
  macaddr: (rng) => hexPairs(rng, 6),
  macaddr8: (rng) => hexPairs(rng, 8),
  bit: (rng) => bits(rng, 8),
  varbit: (rng) => bits(rng, rng.below(9)),
  point,
  lseg: (rng) => `[${point(rng)},${point(rng)}]`,
  box: (rng) => `${point(rng)},${point(rng)}`,
  path: (rng) => `[${point(rng)},${point(rng)},${point(rng)}]`,
  polygon: (rng) => `(${point(rng)},${point(rng)},${point(rng)})`,
  circle: (rng) => `<${point(rng)},${String(rng.below(9))}>`,
  line: (rng) => `{1,${String(rng.below(9))},${String(rng.below(9))}}`,
  tsvector: (rng) => rng.pick(['', 'a:1 b:2A', "'it''s':3 x", 'fat cat']),
  tsquery: (rng) => rng.pick(['a & b', "!c | 'd':*", 'fat <-> cat']),
  pg_lsn: (rng) => `${rng.below(99).toString(16)}/${rng.below(9999).toString(16)}`,
  hstore: (rng) => rng.pick(['', 'a=>1', '"b c"=>NULL, d=>"x,y"']),
  ltree: (rng) => rng.pick(['Top', 'Top.A', 'Top.A.b1']),
  regclass: (rng) => rng.pick(['pg_class', 'pg_type']),
  regtype: (rng) => rng.pick(['integer', 'text']),
  int2vector: (rng) => `${String(rng.below(9))} ${String(rng.below(9))}`,
  oidvector: (rng) => `${String(rng.below(9))} ${String(rng.below(9))}`,
};

const NESTED_MAX = 3;

/** An expression of the type at random, or undefined when nothing is known about it. */
export function expressionOf(types: Types, oid: number, rng: Rng, depth = 0): string | undefined {
  const type = types.get(oid);
  if (type === undefined || depth > NESTED_MAX) return undefined;
  const cast = (text: string): string => `${text}::${type.text}`;
  const part = (of: number): string | undefined => expressionOf(types, of, rng, depth + 1);
  if (type.kind === 'e') return cast(quote(rng.pick(type.labels)));
  if (type.kind === 'd') {
    const base = part(type.base);
    return base === undefined ? undefined : cast(`(${base})`);
  }
  if (type.kind === 'c') {
    const fields = type.fields.map((field) => (rng.chance(0.2) ? 'NULL' : (part(field) ?? 'NULL')));
    return cast(`ROW(${fields.join(', ')})`);
  }
  if (type.kind === 'r') return rangeOf(type, part, rng);
  if (type.kind === 'm') {
    const ranges = Array.from({ length: rng.below(3) }, () => part(type.part));
    return ranges.includes(undefined) ? undefined : `${type.qualified}(${ranges.join(', ')})`;
  }
  const make = MAKERS[type.name];
  if (make !== undefined) return cast(quote(make(rng)));
  if (!type.isArray || type.element === 0) return undefined;
  if (rng.chance(0.15)) return cast("'{}'");
  const items = Array.from({ length: rng.whole(1, 3) }, () =>
    rng.chance(0.15) ? 'NULL' : part(type.element),
  );
  return items.includes(undefined) ? undefined : cast(`ARRAY[${items.join(', ')}]`);
}

function rangeOf(
  { part: subtype, qualified, text }: TypeModel,
  part: (oid: number) => string | undefined,
  rng: Rng,
): string | undefined {
  if (rng.chance(0.1)) return `'empty'::${text}`;
  const [a, b] = [part(subtype), part(subtype)];
  if (a === undefined || b === undefined) return undefined;
  const bounds = rng.pick(['[)', '[]', '(]', '()']);
  const lower = rng.chance(0.1) ? 'NULL' : `least(${a}, ${b})`;
  const upper = rng.chance(0.1) ? 'NULL' : `greatest(${a}, ${b})`;
  return `${qualified}(${lower}, ${upper}, '${bounds}')`;
}
