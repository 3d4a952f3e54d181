import { prepared } from './prepared.js';
import type { SqliteDatabase } from './sqlite-database.interface.js';
import { VERSION_TABLE, FENCE_TABLE, UNDO_TABLE } from './agreement.js';
import { inputsOf } from './generated-columns.js';
import { uniqueIndexesOf } from './catalog-indexes.js';
import { rowsOf, sqlOf } from './read-rows.js';
import type { Column, ForeignKey, KeyColumn, TableDefinition } from './table-definition.js';

const OURS: ReadonlySet<string> = new Set([UNDO_TABLE, FENCE_TABLE, VERSION_TABLE]);

interface Catalog {
  readonly version: string;
  readonly tables: readonly TableDefinition[];
}

const CATALOGS = new WeakMap<SqliteDatabase, Catalog>();

/**
 * The user's tables in the main file, by name; those of other schemas are not part of it. Read
 * again when the schema has another version: each rollback asks, and there are many statements.
 */
export function tablesOf(database: SqliteDatabase): readonly TableDefinition[] {
  const [version] = prepared(database, 'PRAGMA main.schema_version').all() as [Version];
  const key = String(version.schema_version);
  const known = CATALOGS.get(database);
  if (known?.version === key) return known.tables;
  const tables = readTables(database);
  CATALOGS.set(database, { version: key, tables });
  return tables;
}

interface Version {
  readonly schema_version: number | bigint;
}

function readTables(database: SqliteDatabase): readonly TableDefinition[] {
  const listed = rowsOf<TableRow>(
    database,
    `SELECT name, type, wr FROM pragma_table_list
     WHERE schema = 'main' AND type IN ('table', 'virtual') ORDER BY name`,
  );
  return listed
    .filter(({ name }) => !OURS.has(name) && !name.startsWith('sqlite_'))
    .map((row) => describe(database, row));
}

interface TableRow {
  readonly name: string;
  readonly type: string;
  readonly wr: number | bigint;
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly hidden: number | bigint;
  readonly notnull: number | bigint;
  readonly pk: number | bigint;
}

function describe(database: SqliteDatabase, { name, type, wr }: TableRow): TableDefinition {
  const isVirtual = type === 'virtual';
  const found = rowsOf<ColumnRow>(
    database,
    `SELECT name, type, hidden, "notnull", pk FROM pragma_table_xinfo(?, 'main')`,
    name,
  );
  const columns = found.map(columnOf);
  const inputs = inputsOf(sqlOf(database, 'table', name), columns);
  const indexes = isVirtual ? NO_INDEXES : uniqueIndexesOf(database, { name, columns, inputs });
  const keyColumns = found
    .filter(({ pk }) => Number(pk) > 0)
    .sort((left, right) => Number(left.pk) - Number(right.pk));
  const hasRowid = Number(wr) === 0;
  const isRowidKey = hasRowid && keyColumns.length === 1 && indexes.key === undefined;
  return {
    name,
    columns,
    key: indexes.key ?? keyColumns.map((column) => ({ ...column, ...BINARY })).map(keyOf),
    isRowidKey,
    mayHaveNullKey: hasRowid && !isRowidKey,
    isVirtual,
    uniqueIndexes: indexes.unique,
    unreadableIndexes: indexes.unreadable,
    foreignKeys: foreignKeysOf(database, name),
  };
}

const NO_INDEXES = { key: undefined, unique: [], unreadable: [] };

const BINARY = { collation: 'BINARY' };

const keyOf = ({ collation, name }: KeyColumn): KeyColumn => ({ name, collation });

const nameOf = ({ name }: { readonly name: string }): string => name;

/** `hidden`: 1 belongs to a virtual table, 2 and 3 are generated. */
const columnOf = ({ hidden, name, notnull, type }: ColumnRow): Column => ({
  name,
  type,
  isNullable: Number(notnull) === 0,
  isGenerated: Number(hidden) > 0,
});

interface ForeignKeyRow {
  readonly id: number | bigint;
  readonly table: string;
  readonly from: string;
  readonly to: string | null;
  readonly on_update: string;
  readonly on_delete: string;
}

function foreignKeysOf(database: SqliteDatabase, table: string): readonly ForeignKey[] {
  const rows = rowsOf<ForeignKeyRow>(
    database,
    `SELECT id, "table", "from", "to", on_update, on_delete
     FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq`,
    table,
  );
  const ids = [...new Set(rows.map(({ id }) => id))];
  return ids.map((id) => {
    const parts = rows.filter((row) => row.id === id);
    const [first] = parts;
    const parent = first?.table ?? '';
    const referenced = parts.flatMap(({ to }) => (to === null ? [] : [to]));
    return {
      table,
      columns: parts.map(({ from }) => from),
      parent,
      // A reference without columns is one to the primary key.
      referenced: referenced.length > 0 ? referenced : primaryKeyOf(database, parent),
      onDelete: first?.on_delete ?? '',
      onUpdate: first?.on_update ?? '',
    };
  });
}

function primaryKeyOf(database: SqliteDatabase, table: string): readonly string[] {
  const sql = `SELECT name FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk`;
  return rowsOf<{ name: string }>(database, sql, table).map(nameOf);
}
