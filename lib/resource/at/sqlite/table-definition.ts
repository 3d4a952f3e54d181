import { createHash } from 'node:crypto';

/** A column as `pragma_table_xinfo` describes it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
  /** Computed from others, so it is neither in an image nor restored. */
  readonly isGenerated: boolean;
}

/** A column of a key, and by which collation the key takes two texts for equal. */
export interface KeyColumn {
  readonly name: string;
  /** Upper case: `BINARY`, `NOCASE`, `RTRIM`, or one of the application's. */
  readonly collation: string;
}

/** What an index compares. */
export interface IndexPart {
  /** undefined where it is an expression. */
  readonly column: string | undefined;
  /** As the index has it: SQL over the columns of the table. */
  readonly expression: string;
  /** As that of a KeyColumn. */
  readonly collation: string;
}

/** A unique index, or the constraint that has made it. */
export interface UniqueIndex {
  readonly name: string;
  readonly parts: readonly IndexPart[];
  /** Columns of which its values are made; none that are generated. */
  readonly inputs: readonly string[];
  /** The condition of a partial index, as SQL over the columns of the table. */
  readonly where: string | undefined;
}

/** What a foreign key does to its rows: `NO ACTION`, `CASCADE`, … */
export interface ForeignKey {
  readonly table: string;
  readonly columns: readonly string[];
  readonly parent: string;
  readonly referenced: readonly string[];
  readonly onDelete: string;
  readonly onUpdate: string;
}

/** A table of the file as its schema describes it. */
export interface TableDefinition {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Columns of the primary key; empty when there is none. */
  readonly key: readonly KeyColumn[];
  /** Whether the key is the rowid itself, which is always a whole number. */
  readonly isRowidKey: boolean;
  /** Whether SQLite keeps NULL out of the key. It does not where there is a hidden rowid. */
  readonly mayHaveNullKey: boolean;
  readonly isVirtual: boolean;
  readonly uniqueIndexes: readonly UniqueIndex[];
  /** Unique indexes whose text cannot be read, so that their values are not locked. */
  readonly unreadableIndexes: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
}

/** Columns that an image holds, in their order. */
export function storedColumns(table: TableDefinition): readonly string[] {
  return table.columns.filter(({ isGenerated }) => !isGenerated).map(({ name }) => name);
}

/**
 * Number of the table's shape. Undo rows carry it, so that an image is never read with other
 * columns than it was written with.
 */
export function shapeOf(table: TableDefinition): string {
  const shape = [table.name, storedColumns(table), table.key];
  const digest = createHash('sha256').update(JSON.stringify(shape)).digest();
  return (digest.readBigUInt64BE() >> 1n).toString();
}

const EXACT_COLLATIONS: ReadonlySet<string> = new Set(['BINARY', 'NOCASE', 'RTRIM']);

/** Whether we know which texts the columns take for equal. */
export function isKnownCollation(columns: readonly { readonly collation: string }[]): boolean {
  return columns.every(({ collation }) => EXACT_COLLATIONS.has(collation));
}

/** Why writes to the table are refused inside a global transaction, if they are. */
export function refusalReason(table: TableDefinition): string | undefined {
  const { isVirtual, key, name } = table;
  if (isVirtual) {
    return (
      `${name} is a virtual table, on which SQLite has no triggers, so it cannot be captured. ` +
      `Write to it outside of the global transaction, or after its commit.`
    );
  }
  if (key.length === 0) {
    return (
      `${name} has no primary key, and SQLite gives a rowid that has become free to another row. ` +
      `Give it a primary key, such as "id INTEGER PRIMARY KEY".`
    );
  }
  if (isKnownCollation(key)) return undefined;
  return (
    `the primary key of ${name} has a collation of the application, so it is not known which ` +
    `keys are one. Use BINARY, NOCASE or RTRIM.`
  );
}
