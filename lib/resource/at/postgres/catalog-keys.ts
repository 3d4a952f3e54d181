import { BASE_TYPE_JOINS, COLUMN_FIELDS } from './catalog-columns.js';

/**
 * Whether PostgreSQL can hash the values of the type so that equal ones have equal hashes. Types
 * that borrow the operators of another one are named.
 */
const HAS_HASH = `
  s.typtype = 'e' OR sn.nspname = 'pg_catalog' AND s.typname IN ('varchar', 'cidr')
  OR sn.nspname = 'pg_catalog' AND s.typtype = 'r'
  OR EXISTS (SELECT FROM pg_catalog.pg_opclass oc
    JOIN pg_catalog.pg_am am ON am.oid = oc.opcmethod AND am.amname = 'hash'
    WHERE oc.opcintype = s.oid AND oc.opcdefault)`;

/** For exclusion constraints: whether values clash here exactly when they are equal. */
const IS_EQUALITY = `
  coalesce((SELECT op.oprname = '=' FROM pg_catalog.pg_constraint x
    JOIN pg_catalog.pg_operator op ON op.oid = x.conexclop[a.attnum]
    WHERE x.conindid = ix.indexrelid AND x.conexclop IS NOT NULL), true)`;

/** SQL of the key columns of the index `ix`. */
const PARTS = `
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(${COLUMN_FIELDS},
    'expression', pg_catalog.pg_get_indexdef(ix.indexrelid, a.attnum, false),
    'domainOf', (SELECT pg_catalog.format('%I.%I', dn.nspname, b.typname)
      FROM pg_catalog.pg_namespace dn WHERE dn.oid = b.typnamespace AND b.oid <> t.oid),
    'isColumn', ix.indkey[a.attnum - 1] <> 0,
    'collation', (SELECT pg_catalog.format('%I.%I', ln.nspname, l.collname)
      FROM pg_catalog.pg_namespace ln WHERE ln.oid = l.collnamespace),
    'hasHash', ${HAS_HASH},
    'isEquality', ${IS_EQUALITY}) ORDER BY a.attnum)
  FROM pg_catalog.pg_attribute a
  ${BASE_TYPE_JOINS}
  WHERE a.attrelid = ix.indexrelid AND a.attnum <= ix.indnkeyatts`;

/** Catalogue columns that are not there in every version are read out of the row as JSON. */
const optional = (alias: string, column: string, otherwise: boolean): string =>
  `coalesce((pg_catalog.to_jsonb(${alias}) ->> '${column}')::boolean, ${String(otherwise)})`;

/**
 * What the table allows only once: unique indexes and constraints, and exclusion constraints. Of a
 * partition, those that its root does not have.
 */
export const UNIQUE_INDEXES = `
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', i.relname,
    'isPrimary', ix.indisprimary,
    'isExclusion', ix.indisexclusion,
    'predicate', pg_catalog.pg_get_expr(ix.indpred, ix.indrelid, false),
    'nullsAreEqual', ${optional('ix', 'indnullsnotdistinct', false)},
    'parts', (${PARTS})) ORDER BY i.relname)
  FROM pg_catalog.pg_index ix JOIN pg_catalog.pg_class i ON i.oid = ix.indexrelid
  WHERE ix.indrelid = c.oid AND (ix.indisunique OR ix.indisexclusion)
    AND NOT (c.relispartition
      AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = ix.indexrelid))`;

/** SQL: the foreign key `k` is enforced. One that is not keeps and changes nothing. */
export const IS_ENFORCED = optional('k', 'conenforced', true);

/** SQL of each column of the foreign key `k`, in the order of the index `ix` that it refers to. */
export const PAIRS = `
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'child', ca.attname,
    'parent', pa.attname,
    'type', pg_catalog.format('%I.%I', tn.nspname, t.typname),
    'operator', pg_catalog.format('OPERATOR(%I.%s)', opn.nspname, op.oprname),
    'collation', (SELECT pg_catalog.format('%I.%I', ln.nspname, l.collname)
      FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace
      WHERE l.oid = pa.attcollation AND ca.attcollation NOT IN (0, pa.attcollation)))
    ORDER BY pg_catalog.array_position(ix.indkey::pg_catalog.int2[], pair.parent))
  FROM ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey),
    pg_catalog.unnest(k.conpfeqop)) AS pair (child, parent, operator)
  JOIN pg_catalog.pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = pair.child
  JOIN pg_catalog.pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = pair.parent
  JOIN pg_catalog.pg_type t ON t.oid = pa.atttypid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
  JOIN pg_catalog.pg_operator op ON op.oid = pair.operator
  JOIN pg_catalog.pg_namespace opn ON opn.oid = op.oprnamespace`;

/** Keys over periods are left out: what they refer to is not one row. */
const foreignKeys = (condition: string): string => `
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', k.conname,
    'child', pg_catalog.format('%I.%I', rn.nspname, r.relname),
    'childKind', r.relkind,
    'parent', pg_catalog.format('%I.%I', pn.nspname, p.relname),
    'parentKind', p.relkind,
    'parentRoot', pg_catalog.format('%I.%I', wn.nspname, w.relname),
    'index', i.relname,
    'isPrimary', ix.indisprimary,
    'pairs', (${PAIRS}),
    'parts', (${PARTS})) ORDER BY r.relname, k.conname)
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class r ON r.oid = k.conrelid
  JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
  JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
  JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
  JOIN pg_catalog.pg_class w ON w.oid = coalesce(pg_catalog.pg_partition_root(p.oid), p.oid)
  JOIN pg_catalog.pg_namespace wn ON wn.oid = w.relnamespace
  JOIN pg_catalog.pg_index ix ON ix.indexrelid = k.conindid
  JOIN pg_catalog.pg_class i
    ON i.oid = coalesce(pg_catalog.pg_partition_root(k.conindid), k.conindid)
  WHERE k.contype = 'f' AND k.conparentid = 0 AND ${condition}
    AND ${IS_ENFORCED} AND NOT ${optional('k', 'conperiod', false)}`;

/** Foreign keys of the table. */
export const FOREIGN_KEYS_HERE = foreignKeys('k.conrelid = c.oid');

/** Foreign keys that refer to the table, of tables whose rows have a key to be named by. */
export const FOREIGN_KEYS_TO_HERE = foreignKeys(`k.confrelid = c.oid AND EXISTS (
    SELECT FROM pg_catalog.pg_index kx WHERE kx.indrelid = k.conrelid AND kx.indisprimary)`);
