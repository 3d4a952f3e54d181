import type { QueryConfig, QueryResult } from 'pg';

import { ROW_PLACE } from '../../at/postgres/index.js';
import type { LockingRead, NotUnderstood } from '../sql/index.js';
import { sliceLockingRead } from '../sql/index.js';
import type { PgRequest } from './pg-request.js';
import { POSTGRES_DIALECT } from './sql-scanner.js';

/** Names of the columns that tell where the locked rows are. */
const PLACE_COLUMN = 'dtx_place_';

/** A locking read that also tells the places of the rows that it locks. */
export interface TellingRead {
  readonly config: unknown;
  readonly tableCount: number;
}

/** Adds the columns of ours to a locking read, or says why that cannot be done. */
export function tellingRead({ config, text }: PgRequest): TellingRead | NotUnderstood {
  const slice = sliceLockingRead(text, POSTGRES_DIALECT);
  if ('reason' in slice) return slice;
  const told = rewritten(text, slice);
  if (typeof config === 'string') return { config: told, tableCount: slice.tables.length };
  // A statement that is prepared under this name has the text of the application.
  const own = { ...(config as QueryConfig), name: undefined, text: told };
  return { config: own, tableCount: slice.tables.length };
}

function rewritten(text: string, { clauses, insertAt, separator, tables }: LockingRead): string {
  const columns = tables.map(
    ({ reference }, index) => `${ROW_PLACE(reference)} AS ${PLACE_COLUMN}${String(index)}`,
  );
  const list = columns.length === 0 ? '' : `${separator}${columns.join(', ')} `;
  const body = clauses.reduceRight(
    (rest, { end, start, strength }) =>
      strength === 'KEY SHARE' ? rest.slice(0, start) + stronger(rest, start, end) : rest,
    text,
  );
  return body.slice(0, insertAt) + list + body.slice(insertAt);
}

/**
 * A key share lock lets a rollback restore the row, and delete its undo row, between the read and
 * the look: the value would be one that was rolled back, and nobody would be seen to hold it.
 */
const stronger = (text: string, start: number, end: number): string =>
  text.slice(start, end).replace(/\bKEY\b/i, '') + text.slice(end);

/** Takes the columns of ours out of the result again. */
export function takePlaces(result: QueryResult, tableCount: number): readonly string[] {
  const places = result.rows.flatMap((row: unknown) => placesIn(row, tableCount));
  result.fields.splice(result.fields.length - tableCount, tableCount);
  return places.filter((place) => place !== null).map(String);
}

function placesIn(row: unknown, tableCount: number): readonly unknown[] {
  if (Array.isArray(row)) return row.splice(row.length - tableCount, tableCount) as unknown[];
  const values = row as Record<string, unknown>;
  return Array.from({ length: tableCount }, (_, index) => {
    const name = `${PLACE_COLUMN}${String(index)}`;
    const place = values[name];
    Reflect.deleteProperty(values, name);
    return place;
  });
}
