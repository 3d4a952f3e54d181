import type { SqlSession } from '../../at-engine.interface.js';
import { rowsOf, storedImage } from '../row-image.js';
import { sameSpelling } from '../row-key.js';
import { queryJson } from '../session.js';
import { identifier, literal } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { settableColumns } from '../table-definition.js';

/** How a row stands to its images. */
export interface Comparison {
  readonly key: string;
  readonly isThere: boolean;
  readonly isBefore: boolean;
  readonly isAfter: boolean;
  /** Of the columns that can be set, those in which the row is not as it was before. */
  readonly changed: readonly string[];
}

/**
 * SQL of images as rows of their table, for the xid `$1`. Read once: every use of a cast would read
 * the text again.
 *
 * @param keys SQL of an array of keys
 */
export function imagesOf(table: TableDefinition, keys: string): string {
  return `SELECT u.pk, u.before::${table.name} AS b, u.after::${table.name} AS a,
    coalesce(u.after, u.before)::${table.name} AS k
  FROM dtx.undo_row u
  WHERE u.xid = $1 AND u.tbl = ${literal(table.recordedAs ?? table.name)} AND u.pk = ANY (${keys})`;
}

/** SQL: the row `t` of the table is the one that the image `i` is of. */
export function isRowOfImage(table: TableDefinition): string {
  return sameSpelling(table, 't', '(i.k)');
}

/**
 * SQL that counts the rows that this very transaction has written. A row that can be seen although
 * its writer has not ended is one's own; a committed one is somebody else's.
 */
export function countOfOurs(table: TableDefinition): string {
  const now = 'pg_current_xact_id()::text::bigint';
  const low = `(t.xmin::text::bigint - ${now} % ${String(XIDS)})`;
  return `WITH i AS MATERIALIZED (${imagesOf(table, '$2::text[]')})
   SELECT count(*)::text FROM i JOIN ${rowsOf(table)} t ON ${isRowOfImage(table)}
   WHERE pg_xact_status((${now} + ${low})::text::xid8) = 'in progress'`;
}

/** Rows carry the lower 32 bits of a transaction's number. */
const XIDS = 2 ** 32;

/** Locks the rows, so that nobody changes them between the comparison and the restore. */
export async function lockRows(
  session: SqlSession,
  xid: string,
  table: TableDefinition,
  keys: readonly string[],
): Promise<void> {
  await session.query(
    `WITH i AS MATERIALIZED (${imagesOf(table, '$2::text[]')})
     SELECT FROM i JOIN ${rowsOf(table)} t ON ${isRowOfImage(table)} ORDER BY i.pk FOR UPDATE OF t`,
    [xid, keys],
  );
}

/**
 * Compares rows with their images. Both sides are turned into text here and now, under the same
 * settings, so it does not matter how the images were written.
 */
export async function compareRows(
  session: SqlSession,
  xid: string,
  table: TableDefinition,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Comparison>> {
  const found = await queryJson<Comparison>(
    session,
    `WITH i AS MATERIALIZED (${imagesOf(table, '$2::text[]')})
     SELECT json_build_object('key', i.pk, 'isThere', c.image IS NOT NULL,
       'isBefore', c.image IS NOT DISTINCT FROM i.b::text,
       'isAfter', c.image IS NOT DISTINCT FROM i.a::text,
       'changed', coalesce(to_json(array_remove(c.changed, NULL)), '[]'))::text
     FROM i LEFT JOIN LATERAL (
       SELECT ${storedImage(table, 't')} AS image, ${changedColumns(table)} AS changed
       FROM ${rowsOf(table)} t WHERE ${isRowOfImage(table)}) c ON true`,
    [xid, keys],
  );
  return new Map(found.map((comparison) => [comparison.key, comparison]));
}

function changedColumns(table: TableDefinition): string {
  const changed = settableColumns(table).map((name) => {
    const [now, before] = [`t.${identifier(name)}`, `(i.b).${identifier(name)}`];
    return `CASE WHEN ${now}::text IS DISTINCT FROM ${before}::text THEN ${literal(name)} END`;
  });
  return `ARRAY[${changed.join(', ')}]::text[]`;
}
