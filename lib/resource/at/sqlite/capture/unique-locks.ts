import { allPresent, valueKey } from '../row-key.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition, UniqueIndex } from '../table-definition.js';
import { isKnownCollation } from '../table-definition.js';
import type { RowEvent } from './lock-statement.js';
import { lock, rowsAt } from './lock-statement.js';

/** Indexes whose values can be named. */
export function lockableIndexes(table: TableDefinition): readonly UniqueIndex[] {
  return table.uniqueIndexes.filter(({ columns }) => isKnownCollation(columns));
}

/** Under which name the values of the index are locked. */
export function indexName(table: TableDefinition, { columns, name }: UniqueIndex): string {
  // The constraint of a table has a name that nobody has given it.
  const label = name.startsWith('sqlite_autoindex_')
    ? `unique ${columns.map((column) => column.name).join(', ')}`
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
    lock(indexName(table, index), valueKey(index.columns, row), [
      allPresent(index.columns, row),
      ...inIndex(table, index, row),
      ...(event === 'UPDATE' ? [isChanged(table, index)] : []),
    ]),
  );
}

function isChanged(table: TableDefinition, index: UniqueIndex): string {
  const changed = index.columns.map(({ name }) => {
    const column = identifier(name);
    // The column may take two texts for equal that its index does not.
    return `OLD.${column} IS NOT NEW.${column} COLLATE BINARY`;
  });
  if (index.where !== undefined) {
    const [before = '', after = ''] = ['OLD', 'NEW'].flatMap((row) => inIndex(table, index, row));
    changed.push(`${before} <> ${after}`);
  }
  return `(${changed.join(' OR ')})`;
}

/** The condition of a partial index is about columns, which have other names in a trigger. */
function inIndex(table: TableDefinition, { where }: UniqueIndex, row: string): readonly string[] {
  if (where === undefined) return [];
  const columns = table.columns.map(
    ({ name }) => `${row}.${identifier(name)} AS ${identifier(name)}`,
  );
  return [`EXISTS (SELECT 1 FROM (SELECT ${columns.join(', ')}) WHERE (${where}))`];
}
