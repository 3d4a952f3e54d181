import type { TableModel } from './model.js';
import type { Ignored, TableDifference } from './snapshot.js';
import { compareSnapshots, valuesOf } from './snapshot.js';

/**
 * Whether the rows are the same and only their numbers have changed places. A statement over many
 * rows comes to them in an order that nobody promises, and its triggers number their rows in it.
 */
export function isOnlyNumbered(
  tables: readonly TableModel[],
  volatile: Ignored,
  { missing, surplus, table }: TableDifference,
): boolean {
  const columns = tables.find(({ name }) => name === table)?.columns ?? [];
  const numbered = [...columns.keys()].filter((column) => columns[column]?.isNumbered === true);
  const left = new Map([[table, new Set([...(volatile.get(table) ?? []), ...numbered])]]);
  const [expected, found] = [new Map([[table, missing]]), new Map([[table, surplus]])];
  return (
    numbered.length > 0 &&
    numbered.every((column) => valuesOf(missing, column) === valuesOf(surplus, column)) &&
    compareSnapshots(expected, found, left).length === 0
  );
}
