import { NULL_PART } from '../agreement.js';
import { partsOf } from '../row-image.js';
import type { TableDefinition } from '../table-definition.js';
import { columnOf } from '../table-definition.js';

/** Values of the image to which foreign keys refer, as names. */
export function referredValues(table: TableDefinition, image: string): readonly string[] {
  const parts = partsOf(table, image);
  return table.referrers.flatMap(({ parentColumns }) => {
    const values = parentColumns.map((name) => parts.get(columnOf(table, name)));
    // Nobody refers to NULL.
    if (values.includes(NULL_PART)) return [];
    return JSON.stringify([table.name, parentColumns, values]);
  });
}
