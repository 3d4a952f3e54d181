import type { TableDefinition } from '../table-definition.js';
import { literalsOf } from './undo-row.js';

/**
 * The image without the references of the row, as far as they may be NULL; but for those in its
 * key, by which it is found.
 *
 * @returns undefined where it has none
 */
export function looseImage(table: TableDefinition, image: string): string | undefined {
  const referring = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
  for (const { name } of table.key) referring.delete(name);
  for (const { isNullable, name } of table.columns) if (!isNullable) referring.delete(name);
  const literals = [...literalsOf(table, image)].map(([name, literal]) =>
    referring.has(name) ? 'NULL' : literal,
  );
  const loose = literals.join(',');
  return loose === image ? undefined : loose;
}
