import type { TableModel } from './model.js';
import type { Row } from './snapshot.js';
import { keyOf } from './writer.js';

/** SQL that is true of the row with the key; of all that are like it where there is none. */
export function rowCondition(table: TableModel, row: Row): string {
  const places = keyOf(table)?.columns ?? [...table.columns.keys()];
  const conditions = places.map((place) => {
    const { literal, quoted = '' } = table.columns[place] ?? {};
    const value = row[place] ?? null;
    return value === null ? `${quoted} IS NULL` : `${quoted} = ${literal?.(value) ?? ''}`;
  });
  return conditions.join(' AND ');
}
