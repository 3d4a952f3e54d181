import { changesIndex, indexKey, isInIndex } from '../index-values.js';
import type { TableDefinition, UniqueIndex } from '../table-definition.js';
import { isKnownCollation } from '../table-definition.js';
import type { RowEvent } from './lock-statement.js';
import { lock, rowsAt } from './lock-statement.js';

/** Indexes whose values can be named. */
export function lockableIndexes(table: TableDefinition): readonly UniqueIndex[] {
  return table.uniqueIndexes.filter(({ parts }) => isKnownCollation(parts));
}

/** Under which name the values of the index are locked. */
export function indexName(table: TableDefinition, { name, parts }: UniqueIndex): string {
  // The constraint of a table has a name that nobody has given it.
  const label = name.startsWith('sqlite_autoindex_')
    ? `unique ${parts.map(({ column, expression }) => column ?? expression).join(', ')}`
    : name;
  return `${table.name} (${label})`;
}

/**
 * A value that a transaction has taken or given up is locked: otherwise somebody else could take it
 * meanwhile, and the rollback would meet it.
 */
export function indexLocks(
  table: TableDefinition,
  index: UniqueIndex,
  event: RowEvent,
): readonly string[] {
  const rows = rowsAt(event);
  return rows.map((row) =>
    lock(indexName(table, index), indexKey(table, index, row), [
      isInIndex(table, index, row),
      ...(event === 'UPDATE' ? [changesIndex(table, index)] : []),
    ]),
  );
}
