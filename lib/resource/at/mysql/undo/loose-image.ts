import { NULL_PART } from '../agreement.js';
import { partsOf } from '../row-image.js';
import type { TableDefinition } from '../table-definition.js';

/**
 * The image without the references of the row, as far as they may be NULL.
 *
 * @returns undefined where it has none
 */
export function looseImage(table: TableDefinition, image: string): string | undefined {
  const referring = new Set(table.references.flatMap(({ childColumns }) => childColumns));
  const parts = [...partsOf(table, image)].map(([{ isNullable, name }, part]) =>
    isNullable && referring.has(name) ? NULL_PART : part,
  );
  const loose = parts.join(',');
  return loose === image ? undefined : loose;
}
