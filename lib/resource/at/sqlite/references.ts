import { columnsOf } from './index-values.js';
import { valueKey } from './row-key.js';
import { identifier } from './sql-text.js';
import type { ForeignKey, KeyColumn, TableDefinition, UniqueIndex } from './table-definition.js';

/** A foreign key between two tables of the file, and the index that it refers to. */
export interface Reference {
  readonly foreignKey: ForeignKey;
  readonly child: TableDefinition;
  readonly parent: TableDefinition;
  /** The referenced columns, in the order of the foreign key, as the index compares them. */
  readonly referenced: readonly KeyColumn[];
  /** undefined for the primary key. */
  readonly index: UniqueIndex | undefined;
}

/** The foreign keys of which both sides are captured. Names are compared as SQLite does. */
export function referencesAmong(tables: readonly TableDefinition[]): readonly Reference[] {
  return tables.flatMap((child) =>
    child.foreignKeys.flatMap((foreignKey) => {
      const parent = tables.find(({ name }) => isSame(name, foreignKey.parent));
      if (parent === undefined) return [];
      return referenceTo(parent, child, foreignKey);
    }),
  );
}

function referenceTo(
  parent: TableDefinition,
  child: TableDefinition,
  foreignKey: ForeignKey,
): readonly Reference[] {
  const candidates: readonly (readonly [UniqueIndex | undefined, readonly KeyColumn[]])[] = [
    [undefined, parent.key],
    // Nothing can refer to a partial one, nor to one over an expression.
    ...parent.uniqueIndexes.map((index): [UniqueIndex, readonly KeyColumn[]] => [
      index,
      (index.where === undefined && columnsOf(index)) || [],
    ]),
  ];
  for (const [index, columns] of candidates) {
    const referenced = foreignKey.referenced.flatMap((name) =>
      columns.filter((column) => isSame(column.name, name)),
    );
    const isAll =
      referenced.length === columns.length && columns.length === foreignKey.columns.length;
    if (isAll) return [{ foreignKey, child, parent, referenced, index }];
  }
  return [];
}

/** Name of a foreign key, which has none in SQLite's catalogue. */
export function referenceName({ child, foreignKey }: Reference): string {
  return `${child.name} (foreign key ${foreignKey.columns.join(', ')})`;
}

/** SQL of the text that names the referenced values, made from the child. */
export function referenceKey(reference: Reference, row: string): string {
  const { foreignKey, parent, referenced } = reference;
  const columns = foreignKey.columns.map((name, index) => ({
    name,
    collation: referenced[index]?.collation ?? 'BINARY',
  }));
  const own = valueKey(columns, row);
  if (hasSameTypes(reference)) return own;
  // '1' of the child can be 1 of the parent, so the parent says it. It is gone in a cascade, where
  // its own lock keeps everybody else away.
  return (
    `coalesce((SELECT ${valueKey(referenced, 'p')} FROM main.${identifier(parent.name)} AS p` +
    ` WHERE ${isReferenced(reference, row)}), ${own})`
  );
}

/** SQL: `p` is the parent of the row. Without the plus, the type of the child would count, too. */
export function isReferenced({ foreignKey, referenced }: Reference, row: string): string {
  return referenced
    .map(({ collation, name }, at) => {
      const value = `+${row}.${identifier(foreignKey.columns[at] ?? '')}`;
      return `p.${identifier(name)} = ${value} COLLATE ${collation}`;
    })
    .join(' AND ');
}

function hasSameTypes({ child, foreignKey, parent, referenced }: Reference): boolean {
  return referenced.every(
    ({ name }, at) => typeOf(parent, name) === typeOf(child, foreignKey.columns[at] ?? ''),
  );
}

function typeOf(table: TableDefinition, column: string): string | undefined {
  return table.columns.find(({ name }) => isSame(name, column))?.type.toUpperCase();
}

const isSame = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();
