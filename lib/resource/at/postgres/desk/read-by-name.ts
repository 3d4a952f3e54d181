import type { RowImage, SqlSession } from '../../at-engine.interface.js';
import { rowsOf, storedImage } from '../row-image.js';
import { sameKey } from '../row-key.js';
import { queryJson } from '../session.js';
import type { TableDefinition } from '../table-definition.js';
import { columnsOf } from './row-text.js';
import type { FoundRow, StoredRow } from './stored-row.js';
import { stateOf } from './stored-row.js';

const CHANGED =
  'the columns or the primary key of the table have changed since: only columns of the same name ' +
  'are compared, and the row has to be put right by hand';

/** Rows whose table has other columns now: what they have in common is what can be compared. */
export async function readByName(
  session: SqlSession,
  table: TableDefinition,
  rows: readonly StoredRow[],
): Promise<readonly (readonly [StoredRow, FoundRow])[]> {
  const names = table.columns.map(({ name }) => name);
  const sought = rows.map((row) => {
    const columns = row.columns ?? undefined;
    return {
      row,
      before: columnsOf(row.before, columns),
      after: columnsOf(row.after, columns),
    };
  });
  const keys = sought.map(({ after, before }) => keyOf(table, after ?? before));
  const current = await readCurrent(session, table, keys);
  return sought.map(({ after, before, row }, index) => {
    const now = columnsOf(current.get(index) ?? null, names);
    const state = stateOf(row, { isBefore: isSame(before, now), isAfter: isSame(after, now) });
    const trouble = keys[index] === undefined ? `${CHANGED} (it cannot be found)` : CHANGED;
    return [row, { before, after, current: now, state, trouble }] as const;
  });
}

/** The columns of today's key, of an image that has them all. */
function keyOf({ key }: TableDefinition, image: RowImage): RowImage {
  if (image === undefined || key.length === 0) return undefined;
  if (key.some((name) => !Object.hasOwn(image, name))) return undefined;
  return Object.fromEntries(key.map((name) => [name, image[name] ?? null]));
}

/** The images of the rows that have the keys, by the place of the key in the list. */
async function readCurrent(
  session: SqlSession,
  table: TableDefinition,
  keys: readonly RowImage[],
): Promise<ReadonlyMap<number, string>> {
  if (table.key.length === 0) return new Map();
  const found = await queryJson<[number, string]>(
    session,
    `SELECT json_build_array(i.place - 1, ${storedImage(table, 't')})::text
     FROM (SELECT k.place, json_populate_record(NULL::${table.name}, k.image) AS k
       FROM unnest($1::json[]) WITH ORDINALITY AS k (image, place)
       WHERE k.image IS NOT NULL) AS i
     JOIN ${rowsOf(table)} t ON ${sameKey(table, 't', '(i.k)')}`,
    [keys.map((key) => (key === undefined ? null : JSON.stringify(key)))],
  );
  return new Map(found);
}

/** A column that is gone may be the one that was changed. One that is new has no part in it. */
function isSame(image: RowImage, current: RowImage): boolean {
  if (image === undefined || current === undefined) return image === current;
  return Object.entries(image).every(([name, value]) => current[name] === value);
}
