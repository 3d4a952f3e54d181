import { createHash } from 'node:crypto';

/** A column as the catalogue describes it. */
export interface Column {
  readonly name: string;
  /** Type with its schema, quoted where needed, without length and quotes: `pg_catalog.int4`. */
  readonly type: string;
  /** What the values are in the end: the base type of a domain, the element type of an array. */
  readonly scalarType: string;
  /** Schema of the scalar type, since either name may hold a dot. */
  readonly scalarSchema: string;
  readonly isArray: boolean;
  /** pg_type.typtype of the scalar type: `b` base, `c` composite, `d` domain, `e` enum, … */
  readonly scalarKind: string;
  /** pg_attribute.attgenerated: `s` stored, `v` virtual, empty when it is not generated. */
  readonly generated: '' | 's' | 'v';
  /** pg_attribute.attidentity: `a` always, `d` by default, empty when it is no identity. */
  readonly identity: '' | 'a' | 'd';
  /** Whether texts that are equal by its collation are equal byte by byte. */
  readonly isDeterministic: boolean;
}

/** One of our triggers as it stands on a table. */
export interface ExistingTrigger {
  readonly name: string;
  /** Its function, with the schema. */
  readonly function: string;
  /** pg_trigger.tgtype: what it fires for, as bits. */
  readonly type: number;
  /** pg_trigger.tgenabled: `O` normally. */
  readonly enabled: string;
}

/** A foreign key that points here and changes its own rows when the row here goes or changes. */
export interface CascadingReference {
  /** The referencing table, quoted, with its schema. */
  readonly table: string;
  readonly pairs: readonly ForeignKeyPair[];
  /** Of these, the columns that are referred to. */
  readonly referenced: readonly string[];
  readonly onDelete: boolean;
  readonly onUpdate: boolean;
}

/** A key column of an index. */
export interface IndexPart extends Column {
  /** SQL of its value, with the names of columns bare. */
  readonly expression: string;
  /** Whether that is a column by itself. */
  readonly isColumn: boolean;
  /** Of a domain, the type that it is of, quoted, with its schema. */
  readonly domainOf: string | null;
  /** Collation that the index compares by, with its schema. */
  readonly collation: string | null;
  /** Whether the database can hash the values so that equal ones have equal hashes. */
  readonly hasHash: boolean;
  /** Whether two rows clash here when the values are equal, not when they overlap and the like. */
  readonly isEquality: boolean;
}

/** What may be in a table only once. */
export interface UniqueIndex {
  readonly name: string;
  readonly isPrimary: boolean;
  /** Whether it belongs to an exclusion constraint. */
  readonly isExclusion: boolean;
  /** SQL of the condition of a partial index. */
  readonly predicate: string | null;
  readonly nullsAreEqual: boolean;
  readonly parts: readonly IndexPart[];
}

/** A foreign key, seen from either side. */
export interface ForeignKey {
  readonly name: string;
  readonly child: string;
  readonly childKind: 'r' | 'p';
  /** The table that it refers to, which may be a partition. */
  readonly parent: string;
  readonly parentKind: 'r' | 'p';
  /** The table that undo rows of the parent's rows name. */
  readonly parentRoot: string;
  /** The unique index that it refers to. */
  readonly index: string;
  readonly isPrimary: boolean;
  /** In the order of the index. */
  readonly pairs: readonly ForeignKeyPair[];
  /** Key columns of the index. */
  readonly parts: readonly IndexPart[];
}

/** A column of a foreign key and the one that it refers to. */
export interface ForeignKeyPair {
  readonly child: string;
  readonly parent: string;
  /** Type of the parent's column, quoted, with its schema. */
  readonly type: string;
  /** SQL of the operator that compares them, the parent's column on its left. */
  readonly operator: string;
  /** Collation that it compares by, with its schema, where those of the columns differ. */
  readonly collation: string | null;
}

/** A table as the catalogue describes it, and what the current role may do with it. */
export interface TableDefinition {
  /** Quoted where needed, with its schema: `public.account`, `"My Shop"."Order"`. */
  readonly name: string;
  /** What undo rows call it, where that is not its name. */
  readonly recordedAs?: string;
  /** pg_class.relkind: `r` ordinary, `p` partitioned, `f` foreign. */
  readonly kind: 'r' | 'p' | 'f';
  readonly isPartition: boolean;
  readonly columns: readonly Column[];
  /** Columns of the primary key, in its order; empty when there is none. */
  readonly key: readonly string[];
  /** Of SELECT, INSERT, UPDATE, DELETE and TRIGGER, what the current role may not do. */
  readonly missingPrivileges: readonly string[];
  /** Whether policies hide rows from the current role. */
  readonly hidesRows: boolean;
  readonly triggers: readonly ExistingTrigger[];
  /** Whether triggers that are not ours stand on it or on one of its partitions. */
  readonly hasForeignTriggers: boolean;
  /** Whether some of them may change a row before it is written. */
  readonly hasForeignBeforeTriggers: boolean;
  readonly cascadingReferences: readonly CascadingReference[];
  readonly uniqueIndexes: readonly UniqueIndex[];
  /** Its foreign keys. */
  readonly references: readonly ForeignKey[];
  /** Foreign keys that refer to it. */
  readonly referrers: readonly ForeignKey[];
}

/** The column that has the name. */
export function columnOf(table: TableDefinition, name: string): Column {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`${table.name} has no column ${name}`);
  return column;
}

/** Columns that an UPDATE can give a value. */
export function settableColumns({ columns }: TableDefinition): readonly string[] {
  return columns
    .filter(({ generated, identity }) => generated === '' && identity !== 'a')
    .map(({ name }) => name);
}

/**
 * Number of the table's shape: 63 bits of a hash of what an image depends on. Undo rows carry it,
 * so that an image is never read with other columns than it was written with. Lengths are left out:
 * an image that no longer fits fails by itself.
 */
export function shapeOf(table: TableDefinition): string {
  const shape = [table.name, table.columns.map(columnShape), table.key];
  const digest = createHash('sha256').update(JSON.stringify(shape)).digest();
  return (digest.readBigUInt64BE() >> 1n).toString();
}

const columnShape = (column: Column): readonly string[] => [
  column.name,
  column.type,
  column.generated,
];
