import { createHash } from 'node:crypto';

/** A column as the catalogue describes it. */
export interface Column {
  readonly name: string;
  /** Type with its schema, quoted where needed, without length and quotes: `pg_catalog.int4`. */
  readonly type: string;
  /** What the values are in the end: the base type of a domain, the element type of an array. */
  readonly scalarType: string;
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
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  readonly onDelete: boolean;
  readonly onUpdate: boolean;
}

/** A table as the catalogue describes it, and what the current role may do with it. */
export interface TableDefinition {
  /** Quoted where needed, with its schema: `public.account`, `"My Shop"."Order"`. */
  readonly name: string;
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
  /** Whether triggers that are not ours may change a row before it is written. */
  readonly hasForeignBeforeTriggers: boolean;
  readonly cascadingReferences: readonly CascadingReference[];
}

/** The column that has the name. */
export function columnOf(table: TableDefinition, name: string): Column {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`${table.name} has no column ${name}`);
  return column;
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
