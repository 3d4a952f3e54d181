import type { HeldRowFilter, SqlSession } from '../../at-engine.interface.js';
import { queryJson } from '../session.js';

/** SQL of a condition on undo rows `u`, whose parameters are `$1` to `$4`. */
export const PICKED = `($1::text IS NULL OR u.xid = $1)
  AND ($2::bigint IS NULL OR u.branch = $2)
  AND ($3::text[] IS NULL OR u.tbl = ANY ($3) OR split_part(u.tbl, ' (', 1) = ANY ($3))
  AND ($4::text IS NULL OR u.pk = $4)`;

/** The parameters of PICKED. */
export async function pickedBy(
  session: SqlSession,
  { branchId, key, table, xid }: HeldRowFilter,
): Promise<readonly unknown[]> {
  const names = table === undefined ? null : [table, ...(await fullNames(session, table))];
  return [xid ?? null, branchId ?? null, names, key ?? null];
}

/** People leave out the schema and the quotes. */
function fullNames(session: SqlSession, table: string): Promise<readonly string[]> {
  return queryJson(
    session,
    `SELECT pg_catalog.to_json(pg_catalog.format('%I.%I', n.nspname, c.relname))::text
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE $1::text IN (c.relname, n.nspname || '.' || c.relname)`,
    [table],
  );
}
