import { createHash } from 'node:crypto';

import { identifier } from './sql-text.js';

/** A column as the catalogue describes it. */
export interface Column {
  readonly name: string;
  /** `int`, `varchar`, …, without length. */
  readonly dataType: string;
  /** With everything: `decimal(10,2) unsigned`, `enum('a','b')`. */
  readonly columnType: string;
  readonly isNullable: boolean;
  readonly isGenerated: boolean;
  /** What a generated column is computed from, as SQL; else empty. */
  readonly expression: string;
  /** It is ON UPDATE CURRENT_TIMESTAMP. */
  readonly notesUpdates: boolean;
  readonly charset: string | undefined;
  readonly collation: string | undefined;
}

/** Expression of the column that holds the end of a row, where a table has system versioning. */
export const ROW_END = 'ROW END';

/** A column of an index, and how much of it. */
export interface IndexPart {
  readonly column: string;
  /** Characters or bytes; undefined for all of it. */
  readonly length: number | undefined;
}

/** A unique index other than the primary key. */
export interface UniqueIndex {
  readonly name: string;
  /** Empty where it is over an expression. */
  readonly parts: readonly IndexPart[];
}

/** A foreign key, seen from either side. */
export interface ForeignKey {
  readonly name: string;
  /** Of the table that refers. */
  readonly childSchema: string;
  readonly child: string;
  readonly childColumns: readonly string[];
  readonly parentSchema: string;
  readonly parent: string;
  readonly parentColumns: readonly string[];
  /** `CASCADE`, `SET NULL`, `RESTRICT`, `NO ACTION`. */
  readonly onDelete: string;
  readonly onUpdate: string;
}

/** A trigger of ours as it stands on a table. */
export interface ExistingTrigger {
  readonly name: string;
  /** Hash of what it was made from; undefined where it cannot be read. */
  readonly hash: string | undefined;
}

/** A table as the catalogue describes it. */
export interface TableDefinition {
  readonly schema: string;
  readonly name: string;
  readonly engine: string;
  readonly columns: readonly Column[];
  /** Columns of the primary key, in its order; empty when there is none. */
  readonly key: readonly string[];
  readonly uniques: readonly UniqueIndex[];
  /** What it refers to. */
  readonly references: readonly ForeignKey[];
  /** What refers to it. */
  readonly referrers: readonly ForeignKey[];
  readonly triggers: readonly ExistingTrigger[];
  /** The last BEFORE UPDATE trigger of the application, where it has one. */
  readonly changer?: string;
}

/** The column that has the name. */
export function columnOf(table: TableDefinition, name: string): Column {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`${table.name} has no column ${name}`);
  return column;
}

/**
 * The column itself, or what it is computed from, by the names in its expression: a text in it may
 * hold one, too, even that of a column which is computed from this one.
 */
export function inputsOf(table: TableDefinition, name: string): readonly string[] {
  const found = new Set([columnOf(table, name)]);
  for (const { expression, isGenerated } of found) {
    if (!isGenerated) continue;
    for (const other of table.columns) {
      if (expression.includes(identifier(other.name))) found.add(other);
    }
  }
  return [...found].filter(({ isGenerated }) => !isGenerated).map((column) => column.name);
}

/** What an image holds: generated columns come back by themselves. */
export function storedColumns(table: TableDefinition): readonly Column[] {
  return table.columns.filter(({ isGenerated }) => !isGenerated);
}

/**
 * Number of the table's shape: 63 bits of a hash of what an image depends on. Undo rows carry it,
 * so that an image is never read with other columns than it was written with.
 */
export function shapeOf(table: TableDefinition): string {
  const columns = storedColumns(table).map((column) => [
    column.name,
    column.dataType,
    column.charset,
    // Members of these are kept by their number.
    /^(enum|set)$/.test(column.dataType) ? column.columnType : undefined,
  ]);
  const shape = [table.name, columns, table.key.map((name) => columnOf(table, name).collation)];
  const digest = createHash('sha256')
    .update(JSON.stringify([shape, table.key]))
    .digest();
  return ((digest.readBigUInt64BE() >> 1n) | 1n).toString();
}
