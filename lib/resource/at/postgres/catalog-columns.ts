/** What a domain is in the end. */
const BASE_TYPE = `
  WITH RECURSIVE base AS (
    SELECT t.oid, t.typtype, t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
    UNION ALL
    SELECT t.oid, t.typtype, t.typbasetype FROM base
    JOIN pg_catalog.pg_type t ON t.oid = base.typbasetype WHERE base.typtype = 'd')
  SELECT base.oid FROM base WHERE base.typtype <> 'd'`;

/** SQL of the fields of a Column, for the attribute `a` of a table or an index. */
export const COLUMN_FIELDS = `
    'name', a.attname,
    'type', tn.nspname || '.' || t.typname,
    'scalarSchema', sn.nspname,
    'scalarType', sn.nspname || '.' || s.typname,
    'scalarKind', s.typtype,
    'isArray', s.oid <> b.oid,
    'generated', a.attgenerated,
    'identity', a.attidentity,
    'isDeterministic', coalesce(l.collisdeterministic, true)`;

/** SQL of the joins that they need. */
export const BASE_TYPE_JOINS = `
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
  JOIN pg_catalog.pg_type b ON b.oid = (${BASE_TYPE})
  JOIN pg_catalog.pg_type s
    ON s.oid = CASE WHEN b.typcategory = 'A' AND b.typelem <> 0 THEN b.typelem ELSE b.oid END
  JOIN pg_catalog.pg_namespace sn ON sn.oid = s.typnamespace
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation`;
