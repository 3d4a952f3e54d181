import type { Reference } from '../references.js';
import type { TableDefinition } from '../table-definition.js';
import { literalsOf } from './undo-row.js';

/** Values of the image to which foreign keys refer, as names. */
export function referredValues(
  references: readonly Reference[],
  table: TableDefinition,
  image: string,
): readonly string[] {
  const values = literalsOf(table, image);
  return (
    references
      .filter(({ parent }) => parent.name === table.name)
      .map(({ referenced }) => referenced.map(({ name }) => [name, values.get(name) ?? 'NULL']))
      // Nobody refers to NULL.
      .filter((parts) => parts.every(([, value]) => value !== 'NULL'))
      .map((parts) => JSON.stringify([table.name, parts]))
  );
}
