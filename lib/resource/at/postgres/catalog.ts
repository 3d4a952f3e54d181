import type { SqlSession } from '../at-engine.interface.js';
import { queryJson } from './session.js';
import type { TableDefinition } from './table-definition.js';

/** Every table of the schemas, and the partitions that belong to one of them. */
export function tablesOf(
  session: SqlSession,
  schemas: readonly string[],
): Promise<readonly TableDefinition[]> {
  return queryJson(session, describe(IN_SCHEMAS), [schemas]);
}

/** The table of the name, as our undo rows write it, if there is one. */
export async function findTable(
  session: SqlSession,
  name: string,
): Promise<TableDefinition | undefined> {
  const found = await queryJson<TableDefinition>(session, describe(BY_NAME), [name]);
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

/** What a domain is in the end. */
const BASE_TYPE = `
  WITH RECURSIVE base AS (
    SELECT t.oid, t.typtype, t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
    UNION ALL
    SELECT t.oid, t.typtype, t.typbasetype FROM base
    JOIN pg_catalog.pg_type t ON t.oid = base.typbasetype WHERE base.typtype = 'd')
  SELECT base.oid FROM base WHERE base.typtype <> 'd'`;

const COLUMNS = `
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', a.attname,
    'type', tn.nspname || '.' || t.typname,
    'scalarType', sn.nspname || '.' || s.typname,
    'scalarKind', s.typtype,
    'isArray', s.oid <> b.oid,
    'generated', a.attgenerated,
    'identity', a.attidentity,
    'isDeterministic', coalesce(l.collisdeterministic, true)) ORDER BY a.attnum)
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
  JOIN pg_catalog.pg_type b ON b.oid = (${BASE_TYPE})
  JOIN pg_catalog.pg_type s
    ON s.oid = CASE WHEN b.typcategory = 'A' AND b.typelem <> 0 THEN b.typelem ELSE b.oid END
  JOIN pg_catalog.pg_namespace sn ON sn.oid = s.typnamespace
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
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

/** tgtype is a set of bits: 1 for each row, 2 before, 4 insert, 16 update. */
const HAS_FOREIGN_BEFORE_TRIGGERS = `
  SELECT FROM pg_catalog.pg_trigger g
  JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
  JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
  WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND fn.nspname <> 'dtx'
    AND g.tgtype::integer & 3 = 3 AND g.tgtype::integer & 20 <> 0`;

const columnNames = (relation: string, numbers: string): string => `
  (SELECT pg_catalog.json_agg(a.attname ORDER BY listed.position)
   FROM pg_catalog.unnest(${numbers}) WITH ORDINALITY AS listed (attnum, position)
   JOIN pg_catalog.pg_attribute a
     ON a.attrelid = ${relation} AND a.attnum = listed.attnum)`;

/** c cascade, n set null, d set default. */
const CASCADING_REFERENCES = `
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'table', pg_catalog.format('%I.%I', rn.nspname, r.relname),
    'columns', ${columnNames('k.conrelid', 'k.conkey')},
    'referenced', ${columnNames('k.confrelid', 'k.confkey')},
    'onDelete', k.confdeltype IN ('c', 'n', 'd'),
    'onUpdate', k.confupdtype IN ('c', 'n', 'd')))
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class r ON r.oid = k.conrelid
  JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
  WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.conparentid = 0
    AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))`;

/** @param oids SQL that gives the oids of the tables */
const describe = (oids: string): string => `
SELECT pg_catalog.json_build_object(
  'name', pg_catalog.format('%I.%I', n.nspname, c.relname),
  'kind', c.relkind,
  'isPartition', c.relispartition,
  'columns', coalesce((${COLUMNS}), '[]'::json),
  'key', coalesce((${KEY}), '[]'::json),
  'missingPrivileges', coalesce((${MISSING_PRIVILEGES}), '[]'::json),
  'hidesRows', pg_catalog.row_security_active(c.oid),
  'triggers', coalesce((${TRIGGERS}), '[]'::json),
  'hasForeignBeforeTriggers', EXISTS (${HAS_FOREIGN_BEFORE_TRIGGERS}),
  'cascadingReferences', coalesce((${CASCADING_REFERENCES}), '[]'::json))::text
FROM (${oids}) AS listed
JOIN pg_catalog.pg_class c ON c.oid = listed.oid AND c.relkind IN ('r', 'p', 'f')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'dtx'
ORDER BY n.nspname, c.relname`;
