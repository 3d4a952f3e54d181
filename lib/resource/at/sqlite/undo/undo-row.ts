import { assertImage } from '../row-image.js';
import { identifier } from '../sql-text.js';
import { storedColumns } from '../table-definition.js';
import type { KeyColumn, TableDefinition } from '../table-definition.js';

/** A change that phase two takes back. Its images are lists of SQL literals. */
export interface UndoRow {
  readonly seq: string;
  readonly branchId: string;
  readonly table: TableDefinition;
  readonly key: string;
  /** undefined where there was no row before the branch. */
  readonly before: string | undefined;
  /** undefined where the branch has left none. */
  readonly after: string | undefined;
}

/** A row that stays as it is, with its undo row, and why. */
export interface LeftRow {
  readonly seq: string;
  readonly tableName: string;
  readonly key: string;
  readonly reason: string;
}

/** Literals of an image by column, as they stand in a statement. */
export function literalsOf(table: TableDefinition, image: string): ReadonlyMap<string, string> {
  const values = assertImage(image).split(',');
  return new Map(storedColumns(table).map((name, index) => [name, values[index] ?? 'NULL']));
}

/** Either image, to find the row by. */
export function anyImage({ after, before }: Pick<UndoRow, 'before' | 'after'>): string {
  return after ?? before ?? 'NULL';
}

/** SQL: the columns have the values of the image, as their index compares them. */
export function hasValues(
  columns: readonly KeyColumn[],
  literals: ReadonlyMap<string, string>,
  prefix = '',
): string {
  return columns
    .map(({ collation, name }) => {
      // Without the plus, a CAST would turn the values of a column without a type into texts.
      const value = `+${literals.get(name) ?? 'NULL'}`;
      return `${prefix}${identifier(name)} = ${value} COLLATE ${collation}`;
    })
    .join(' AND ');
}

export function isRowOf(table: TableDefinition, image: string, prefix = ''): string {
  return hasValues(table.key, literalsOf(table, image), prefix);
}
