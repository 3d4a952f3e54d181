/** A type and a value of it, as SQL. The values are those that a careless copy changes. */
export interface Value {
  readonly title: string;
  readonly type: string;
  readonly value: string;
}

/** Extensions and types that the values need. */
export const VALUE_SETUP = `
  CREATE EXTENSION hstore;
  CREATE EXTENSION citext;
  CREATE EXTENSION ltree;
  CREATE TYPE mood AS ENUM ('so "so"', 'it''s fine');
  CREATE TYPE pair AS (label text, at timestamptz, ratio float8);
  CREATE DOMAIN price AS numeric(12, 3) CHECK (VALUE > 0);
  CREATE DOMAIN due AS timestamptz;
  CREATE TYPE floatrange AS RANGE (subtype = float8);
`;

const table: readonly (readonly [title: string, type: string, value: string])[] = [
  ['a bigint beyond 2^53', 'bigint', '9007199254740993'],
  ['the smallest bigint', 'bigint', '-9223372036854775808'],
  ['a numeric with trailing zeros', 'numeric', '1.2300'],
  ['a numeric with 40 digits', 'numeric', '1234567890123456789012345678.901234567890'],
  ['a numeric NaN', 'numeric', "'NaN'"],
  ['0.1 + 0.2', 'float8', '0.1::float8 + 0.2::float8'],
  ['minus zero', 'float8', "'-0'"],
  ['a float NaN', 'float8', "'NaN'"],
  ['minus infinity', 'float8', "'-Infinity'"],
  ['the smallest float', 'float8', '5e-324'],
  ['the largest float4', 'float4', '3.4028235e38'],
  ['a float4', 'float4', '0.1'],
  ['money', 'money', "'$12,345.67'"],
  ['a boolean', 'bool', 'true'],
  ['a padded char', 'char(8)', "'ab'"],
  ['a varchar with controls and emoji', 'varchar', "E'a\\n\\t\\\\\"\\',()\\u0001 🐘 ü'"],
  ['an empty text', 'text', "''"],
  ['a text that says NULL', 'text', "'NULL'"],
  ['bytes', 'bytea', "'\\x00ff5c27000a'"],
  ['a name', 'name', `'so "named"'`],
  ['a "char"', '"char"', "'x'"],
  ['a timestamp with microseconds', 'timestamp', "'2024-02-29 23:59:59.123456'"],
  ['a timestamptz with microseconds', 'timestamptz', "'2024-03-31 01:59:59.999999+00'"],
  ['a timestamptz before standard time', 'timestamptz', "'1800-01-02 03:04:05.6+00'"],
  ['an infinite timestamp', 'timestamptz', "'-infinity'"],
  ['a timestamp before Christ', 'timestamp', "'0044-03-15 12:00:00 BC'"],
  ['a date that could be read two ways', 'date', "'2001-02-03'"],
  ['a far date', 'date', "'5874897-12-31'"],
  ['a time', 'time', "'23:59:59.000001'"],
  ['24:00', 'time', "'24:00'"],
  ['a time with a zone', 'timetz', "'01:02:03.4-03:30'"],
  ['an interval', 'interval', "'1 year -2 mons 3 days -04:05:06.789'"],
  ['a negative interval', 'interval', "'-1 year -2 mons -3 days -04:05:06'"],
  ['json', 'json', `'{"a": 1.10,  "a":[1, 12345678901234567890]}'`],
  ['a jsonb number', 'jsonb', "'1.10'"],
  ['a jsonb null', 'jsonb', "'null'"],
  ['a jsonb string', 'jsonb', `'"a\\"b"'`],
  ['a jsonb array', 'jsonb', `'[1, "2", null, {"b": []}]'`],
  ['an array with NULL', 'int[]', 'ARRAY[1, NULL, 3]'],
  ['an array of quoted texts', 'text[]', `ARRAY['a,b', 'c"d', '', 'NULL', NULL, '{}', 'e\\f']`],
  ['an array of two dimensions', 'int[]', 'ARRAY[[1, 2], [3, 4]]'],
  ['an array with another lower bound', 'int[]', "'[-2:0]={7,8,9}'"],
  ['an empty array', 'text[]', "'{}'"],
  ['an array of jsonb', 'jsonb[]', `ARRAY['{"a": 1}', 'null', '"x"']::jsonb[]`],
  [
    'an array of timestamptz',
    'timestamptz[]',
    "ARRAY['2024-01-02 03:04:05.678901+05']::timestamptz[]",
  ],
  ['an array of bytes', 'bytea[]', "ARRAY['\\x00', '\\x5c22']::bytea[]"],
  ['a range of integers', 'int4range', "'[1,5]'"],
  ['a range of timestamps', 'tstzrange', "'(2024-01-02 03:04:05+00, infinity]'"],
  ['a range of floats', 'floatrange', "'[0.1,0.30000000000000004)'"],
  ['a multirange', 'datemultirange', "'{[2001-02-03,2001-03-02),[2003-01-02,)}'"],
  ['an enum with quotes', 'mood', `'so "so"'`],
  ['a composite', 'pair', `ROW('a "b", (c)', '2001-02-03 04:05:06+00', 0.1::float8 + 0.2)`],
  ['an array of composites', 'pair[]', `ARRAY[ROW('x', '2001-02-03', -0.0), NULL]::pair[]`],
  ['a domain', 'price', '10.500'],
  ['a domain of a timestamp', 'due', "'2001-02-03 04:05:06.7+00'"],
  ['a uuid', 'uuid', "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
  ['an inet', 'inet', "'2001:db8::1/64'"],
  ['a cidr', 'cidr', "'10.1.0.0/16'"],
  ['a macaddr', 'macaddr', "'08:00:2b:01:02:03'"],
  ['bits', 'bit(10)', "B'0100110011'"],
  ['varying bits', 'varbit', "B''"],
  ['a point', 'point', "'(0.1,-0)'"],
  ['a polygon', 'polygon', "'((0,0),(1.5,0.30000000000000004),(1,1))'"],
  ['a circle', 'circle', "'<(1e-300,2),3.3>'"],
  ['an open path', 'path', "'[(0,0),(1,1)]'"],
  ['a box', 'box', "'(2,2),(1,1)'"],
  ['a tsvector', 'tsvector', `to_tsvector('simple', 'the "quick" it''s')`],
  ['a tsquery', 'tsquery', `'a & !(b | c:*)'`],
  ['xml', 'xml', `'text <b a="1">&lt;</b><c/>'`],
  ['hstore', 'hstore', `'"a b"=>"x=>y", c=>NULL'`],
  ['citext', 'citext', `'MiXed'`],
  ['ltree', 'ltree', `'Top.Science.Astronomy'`],
  ['a position in the log', 'pg_lsn', `'16/B374D848'`],
  ['an oid', 'oid', '4294967295'],
  ['a table as a value', 'regclass', `'elsewhere."A Table"'`],
  ['a long text', 'text', "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 20000) n)"],
  ['NULL', 'text', 'NULL'],
];

export const VALUES: readonly Value[] = table.map(([title, type, value]) => ({
  title,
  type,
  value,
}));
