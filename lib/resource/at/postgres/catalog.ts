import type { SqlSession } from '../at-engine.interface.js';
import { BASE_TYPE_JOINS, COLUMN_FIELDS } from './catalog-columns.js';
import {
  FOREIGN_KEYS_HERE,
  FOREIGN_KEYS_TO_HERE,
  IS_ENFORCED,
  PAIRS,
  UNIQUE_INDEXES,
} from './catalog-keys.js';
import { queryJson } from './session.js';
import type { TableDefinition } from './table-definition.js';

/** Every table of the schemas, and the partitions that belong to one of them. */
export function tablesOf(
  session: SqlSession,
  schemas: readonly string[],
): Promise<readonly TableDefinition[]> {
  return queryJson(session, describe(IN_SCHEMAS, WHOLE), [schemas]);
}

/**
 * The table of the name, as our undo rows write it, if there is one. In a transaction, that goes on
 * with an empty search path.
 */
export async function findTable(
  session: SqlSession,
  name: string,
): Promise<TableDefinition | undefined> {
  const found = await queryJson<TableDefinition>(session, describe(BY_NAME, WHOLE), [name]);
  return found[0];
}

/** The same without its unique indexes and foreign keys: what it takes to restore rows. */
export async function findRows(
  session: SqlSession,
  name: string,
): Promise<TableDefinition | undefined> {
  const found = await queryJson<TableDefinition>(session, describe(BY_NAME, ROWS), [name]);
  return found[0];
}

const BY_NAME = 'SELECT pg_catalog.to_regclass($1)::oid AS oid';

/** Members of extensions are left out: they belong to the extension, not to the application. */
const IN_SCHEMAS = `
  SELECT DISTINCT member.oid FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = ANY ($1)
  CROSS JOIN LATERAL (
    SELECT c.oid WHERE NOT c.relispartition
    UNION SELECT pg_catalog.pg_partition_root(c.oid)
    UNION SELECT tree.relid FROM pg_catalog.pg_partition_tree(pg_catalog.pg_partition_root(c.oid))
      AS tree) AS member (oid)
  WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND member.oid IS NOT NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        AND d.deptype = 'e')`;

const COLUMNS = `
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(${COLUMN_FIELDS}) ORDER BY a.attnum)
  FROM pg_catalog.pg_attribute a
  ${BASE_TYPE_JOINS}
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`;

const KEY = `
  SELECT pg_catalog.json_agg(a.attname ORDER BY k.position)
  FROM pg_catalog.pg_index i
  CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
  WHERE i.indrelid = c.oid AND i.indisprimary AND k.position <= i.indnkeyatts`;

const MISSING_PRIVILEGES = `
  SELECT pg_catalog.json_agg(p.name)
  FROM pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRIGGER']) AS p (name)
  WHERE NOT pg_catalog.has_table_privilege(c.oid, p.name)`;

const TRIGGERS = `
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', g.tgname,
    'function', fn.nspname || '.' || f.proname,
    'type', g.tgtype,
    'enabled', g.tgenabled) ORDER BY g.tgname)
  FROM pg_catalog.pg_trigger g
  JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
  JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
  WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND fn.nspname = 'dtx'`;

/** A trigger may stand on a partition alone. */
const FOREIGN_TRIGGERS = `
  SELECT FROM pg_catalog.pg_trigger g
  JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
  JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
  WHERE (g.tgrelid = c.oid OR c.relkind = 'p'
      AND g.tgrelid IN (SELECT tree.relid FROM pg_catalog.pg_partition_tree(c.oid) AS tree))
    AND NOT g.tgisinternal AND fn.nspname <> 'dtx'`;

/** tgtype is a set of bits: 1 for each row, 2 before, 4 insert, 16 update. */
const FOREIGN_BEFORE_TRIGGERS = `${FOREIGN_TRIGGERS}
    AND g.tgtype::integer & 3 = 3 AND g.tgtype::integer & 20 <> 0`;

/** c cascade, n set null, d set default. */
const CASCADING_REFERENCES = `
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'table', pg_catalog.format('%I.%I', rn.nspname, r.relname),
    'pairs', (${PAIRS}),
    'referenced', (
      SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum = ANY (k.confkey)),
    'onDelete', k.confdeltype IN ('c', 'n', 'd'),
    'onUpdate', k.confupdtype IN ('c', 'n', 'd')))
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class r ON r.oid = k.conrelid
  JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
  JOIN pg_catalog.pg_index ix ON ix.indexrelid = k.conindid
  WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.conparentid = 0 AND ${IS_ENFORCED}
    AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))`;

/** How much of a table is described. */
interface Scope {
  readonly settings: string;
  readonly indexes: string;
  readonly references: string;
  readonly referrers: string;
}

/**
 * With the SQL of index expressions, in which everything that is not PostgreSQL's own has to carry
 * its schema: it is executed under another search path than this one.
 */
const WHOLE: Scope = {
  settings: "SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)",
  indexes: UNIQUE_INDEXES,
  references: FOREIGN_KEYS_HERE,
  referrers: FOREIGN_KEYS_TO_HERE,
};

const NONE = 'SELECT NULL::json';
const ROWS: Scope = { settings: 'SELECT', indexes: NONE, references: NONE, referrers: NONE };

/** @param oids SQL that gives the oids of the tables */
const describe = (oids: string, { indexes, references, referrers, settings }: Scope): string => `
WITH settings AS MATERIALIZED (${settings})
SELECT pg_catalog.json_build_object(
  'name', pg_catalog.format('%I.%I', n.nspname, c.relname),
  'kind', c.relkind,
  'isPartition', c.relispartition,
  'columns', coalesce((${COLUMNS}), '[]'::json),
  'key', coalesce((${KEY}), '[]'::json),
  'missingPrivileges', coalesce((${MISSING_PRIVILEGES}), '[]'::json),
  'hidesRows', pg_catalog.row_security_active(c.oid),
  'triggers', coalesce((${TRIGGERS}), '[]'::json),
  'hasForeignTriggers', EXISTS (${FOREIGN_TRIGGERS}),
  'hasForeignBeforeTriggers', EXISTS (${FOREIGN_BEFORE_TRIGGERS}),
  'cascadingReferences', coalesce((${CASCADING_REFERENCES}), '[]'::json),
  'uniqueIndexes', coalesce((${indexes}), '[]'::json),
  'references', coalesce((${references}), '[]'::json),
  'referrers', coalesce((${referrers}), '[]'::json))::text
FROM settings CROSS JOIN (${oids}) AS listed
JOIN pg_catalog.pg_class c ON c.oid = listed.oid AND c.relkind IN ('r', 'p', 'f')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'dtx'
ORDER BY n.nspname, c.relname`;
