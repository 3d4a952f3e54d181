import type { SqlSession } from '../../at-engine.interface.js';
import { rowsOf, storedImage } from '../row-image.js';
import { queryJson } from '../session.js';
import type { TableDefinition } from '../table-definition.js';
import { imagesOf, isRowOfImage } from '../undo/compare-rows.js';
import { columnsOf } from './row-text.js';
import type { FoundRow, StoredRow } from './stored-row.js';
import { stateOf } from './stored-row.js';

interface Images {
  readonly key: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly current: string | null;
  readonly isBefore: boolean;
  readonly isAfter: boolean;
}

/** Rows whose table has the columns that it had: all three images are texts of one time. */
export async function readByShape(
  session: SqlSession,
  table: TableDefinition,
  rows: readonly StoredRow[],
): Promise<readonly (readonly [StoredRow, FoundRow])[]> {
  const found = await queryJson<Images>(
    session,
    `WITH i AS MATERIALIZED (${imagesOf(table, '$2::text[]')})
     SELECT json_build_object('key', i.pk, 'before', i.b::text, 'after', i.a::text,
       'current', c.image, 'isBefore', c.image IS NOT DISTINCT FROM i.b::text,
       'isAfter', c.image IS NOT DISTINCT FROM i.a::text)::text
     FROM i LEFT JOIN LATERAL (
       SELECT ${storedImage(table, 't')} AS image FROM ${rowsOf(table)} t
       WHERE ${isRowOfImage(table)}) c ON true`,
    [rows[0]?.xid, rows.map(({ key }) => key)],
  );
  const byKey = new Map(found.map((images) => [images.key, images]));
  const names = table.columns.map(({ name }) => name);
  return rows.flatMap((row) => {
    const images = byKey.get(row.key);
    if (images === undefined) return [];
    return [
      [
        row,
        {
          before: columnsOf(images.before, names),
          after: columnsOf(images.after, names),
          current: columnsOf(images.current, names),
          state: stateOf(row, images),
        },
      ] as const,
    ];
  });
}
