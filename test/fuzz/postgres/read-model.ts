import type pg from 'pg';

import type { ColumnModel, KeyModel, Model, TableModel } from '../model.js';
import { expressionOf, quote } from './values.js';

/** A type as it stands in the catalogue. */
export interface TypeModel {
  readonly oid: number;
  /** `typname`: what the kinds of values are known by. */
  readonly name: string;
  /** As SQL writes it. */
  readonly text: string;
  /** base, composite, domain, enum, pseudo, range, multirange */
  readonly kind: string;
  readonly base: number;
  readonly element: number;
  readonly isArray: boolean;
  readonly labels: readonly string[];
  readonly fields: readonly number[];
  /** Of a range its subtype, of a multirange its range. */
  readonly part: number;
  readonly qualified: string;
}

/** What the catalogue says of the whole database. */
export interface Catalogue extends Model {
  readonly version: number;
  readonly schemas: readonly string[];
}

const OURS = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dtx')";

const TABLES = `
SELECT json_build_object(
  'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'root', c.relkind = 'p',
  'sql', format('%I.%I', n.nspname, c.relname),
  'triggers', EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
    AND g.tgname !~ '^[!~]dtx'),
  'columns', (SELECT coalesce(json_agg(json_build_object(
      'number', a.attnum, 'name', a.attname, 'quoted', quote_ident(a.attname),
      'type', format_type(a.atttypid, a.atttypmod), 'typeOid', a.atttypid::int8,
      'isNotNull', a.attnotnull, 'isGenerated', a.attgenerated <> '',
      'isIdentity', a.attidentity <> '',
      'isNumbered', a.attidentity <> '' OR coalesce(
        pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false)) ORDER BY a.attnum), '[]')
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'keys', (SELECT coalesce(json_agg(json_build_object('isPrimary', i.indisprimary,
      'columns', i.indkey::int2[]) ORDER BY i.indisprimary DESC, i.indexrelid), '[]')
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL
      AND i.indexprs IS NULL AND i.indimmediate AND i.indnkeyatts = i.indnatts),
  'references', (SELECT coalesce(json_agg(json_build_object('target', k.confrelid::int8,
      'columns', k.conkey, 'targetColumns', k.confkey) ORDER BY k.conname), '[]')
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0)
)::text AS row
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND ${OURS}
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
    AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname`;

const TYPES = `
SELECT json_build_object(
  'oid', t.oid::int8, 'name', t.typname, 'text', format_type(t.oid, -1),
  'qualified', format('%I.%I', n.nspname, t.typname),
  'kind', t.typtype, 'base', t.typbasetype::int8, 'element', t.typelem::int8,
  'isArray', t.typcategory = 'A',
  'labels', (SELECT coalesce(json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]')
    FROM pg_enum e WHERE e.enumtypid = t.oid),
  'fields', (SELECT coalesce(json_agg(a.atttypid::int8 ORDER BY a.attnum), '[]')
    FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0
      AND NOT a.attisdropped),
  'part', coalesce((SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid), 0)::int8
)::text AS row
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace`;

interface RawColumn {
  readonly number: number;
  readonly name: string;
  readonly quoted: string;
  readonly type: string;
  readonly typeOid: number;
  readonly isNotNull: boolean;
  readonly isGenerated: boolean;
  readonly isIdentity: boolean;
  readonly isNumbered: boolean;
}

interface RawTable {
  readonly oid: number;
  readonly root: boolean;
  readonly schema: string;
  readonly name: string;
  readonly sql: string;
  readonly triggers: boolean;
  readonly columns: readonly RawColumn[];
  readonly keys: readonly KeyModel[];
  readonly references: readonly {
    readonly target: number;
    readonly columns: readonly number[];
    readonly targetColumns: readonly number[];
  }[];
}

type Types = ReadonlyMap<number, TypeModel>;

export async function readCatalogue(database: pg.Pool): Promise<Catalogue> {
  const raw = await readJson<RawTable>(database, TABLES);
  const types = await readTypes(database);
  const { rows } = await database.query<{ version: string }>(
    "SELECT current_setting('server_version_num') AS version",
  );
  const byOid = new Map(raw.map((table) => [table.oid, table]));
  const tables = raw.filter(({ columns }) => columns.length > 0);
  return {
    version: Math.floor(Number(rows[0]?.version) / 10_000),
    schemas: [...new Set(raw.map(({ schema }) => schema))],
    tables: tables.map((table) => toTable(table, byOid, types)),
  };
}

async function readTypes(database: pg.Pool): Promise<Types> {
  const types = await readJson<TypeModel>(database, TYPES);
  const ranges = await multirangeParts(database);
  return new Map(
    types.map((type) => [type.oid, { ...type, part: ranges.get(type.oid) ?? type.part }]),
  );
}

function toTable(table: RawTable, byOid: ReadonlyMap<number, RawTable>, types: Types): TableModel {
  const places = ({ columns }: RawTable, numbers: readonly number[]): readonly number[] =>
    numbers.map((number) => columns.findIndex((column) => column.number === number));
  return {
    name: `${table.schema}.${table.name}`,
    sql: table.sql,
    from: table.root ? table.sql : `ONLY ${table.sql}`,
    columns: table.columns.map((column) => toColumn(column, types)),
    hasUserTriggers: table.triggers,
    keys: table.keys.map((key) => ({ ...key, columns: places(table, key.columns) })),
    references: table.references.flatMap(({ columns, target, targetColumns }) => {
      const other = byOid.get(target);
      if (other === undefined) return [];
      return [
        {
          columns: places(table, columns),
          target: `${other.schema}.${other.name}`,
          targetColumns: places(other, targetColumns),
        },
      ];
    }),
  };
}

const NUMBERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'numeric', 'float8']);
const WHOLE: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'numeric']);

function toColumn({ type, typeOid, ...column }: RawColumn, types: Types): ColumnModel {
  const typeName = types.get(typeOid)?.name ?? '';
  return {
    ...column,
    asText: `${column.quoted}::text`,
    literal: (text) => `${quote(text)}::${type}`,
    random(rng) {
      const made = expressionOf(types, typeOid, rng);
      return made === undefined ? undefined : `(${made})::${type}`;
    },
    isNumber: NUMBERS.has(typeName),
    isWhole: WHOLE.has(typeName),
  };
}

/** PostgreSQL 13 has none, and no such column. */
async function multirangeParts(database: pg.Pool): Promise<ReadonlyMap<number, number>> {
  const { rows } = await database.query<{ multirange: string; range: string }>(
    `SELECT r->>'rngmultitypid' AS multirange, r->>'rngtypid' AS range
     FROM (SELECT to_json(pg_range) AS r FROM pg_range) x WHERE r->>'rngmultitypid' IS NOT NULL`,
  );
  return new Map(rows.map(({ multirange, range }) => [Number(multirange), Number(range)]));
}

async function readJson<T>(database: pg.Pool, sql: string): Promise<readonly T[]> {
  const { rows } = await database.query<{ row: string }>(sql);
  return rows.map(({ row }) => JSON.parse(row) as T);
}
