import type { SqlSession } from '../../at-engine.interface.js';
import { rowsOf } from '../row-image.js';
import { queryJson } from '../session.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { imagesOf, isRowOfImage } from './compare-rows.js';

/** Columns of unique and exclusion constraints and indexes whose values may be NULL. */
const COLUMNS = `
SELECT DISTINCT to_json(a.attname)::text
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = $1::regclass AND (i.indisunique OR i.indisexclusion)
  AND a.attgenerated = '' AND NOT a.attnotnull`;

/**
 * Statements that take unique values out of rows of the table, for the xid `$1` and the keys `$2`:
 * one for each column, since a check or a trigger may refuse it for one of them.
 */
export async function roomStatements(
  session: SqlSession,
  table: TableDefinition,
): Promise<readonly string[]> {
  const names = await queryJson<string>(session, COLUMNS, [table.name]);
  // The change would be carried on to rows that refer to the value.
  const isReferred = (name: string): boolean =>
    table.cascadingReferences.some(({ referenced }) => referenced.includes(name));
  return names
    .filter((name) => !isReferred(name))
    .map(
      (name) => `WITH i AS MATERIALIZED (${imagesOf(table, '$2::text[]')})
        UPDATE ${rowsOf(table)} t SET ${identifier(name)} = NULL FROM i
        WHERE ${isRowOfImage(table)}`,
    );
}
