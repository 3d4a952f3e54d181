import { prepared } from './prepared.js';
import type { SqliteDatabase } from './sqlite-database.interface.js';
import { VERSION_TABLE, FENCE_TABLE, UNDO_TABLE } from './agreement.js';
import { indexCondition } from './index-condition.js';
import type {
  Column,
  ForeignKey,
  KeyColumn,
  TableDefinition,
  UniqueIndex,
} from './table-definition.js';

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

/** Rows of a statement. Numbers may come as bigint, where the application has asked for it. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- of the SQL
export function rowsOf<Row>(
  database: SqliteDatabase,
  sql: string,
  ...values: readonly unknown[]
): readonly Row[] {
  return database.prepare(sql).all(...values) as Row[];
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
  const columns = rowsOf<ColumnRow>(
    database,
    `SELECT name, type, hidden, "notnull", pk FROM pragma_table_xinfo(?, 'main')`,
    name,
  );
  const indexes = isVirtual ? [] : indexesOf(database, name);
  const keyIndex = indexes.find(({ origin }) => origin === 'pk');
  const keyColumns = columns
    .filter(({ pk }) => Number(pk) > 0)
    .sort((left, right) => Number(left.pk) - Number(right.pk));
  const hasRowid = Number(wr) === 0;
  const isRowidKey = hasRowid && keyColumns.length === 1 && keyIndex === undefined;
  return {
    name,
    columns: columns.map(columnOf),
    key: keyIndex?.columns ?? keyColumns.map((column) => ({ ...column, ...BINARY })).map(keyOf),
    isRowidKey,
    mayHaveNullKey: hasRowid && !isRowidKey,
    isVirtual,
    uniqueIndexes: indexes.filter(({ hasExpression, origin }) => origin !== 'pk' && !hasExpression),
    expressionIndexes: indexes.filter(({ hasExpression }) => hasExpression).map(nameOf),
    foreignKeys: foreignKeysOf(database, name),
  };
}

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

interface Index extends UniqueIndex {
  readonly origin: string;
  readonly hasExpression: boolean;
}

function indexesOf(database: SqliteDatabase, table: string): readonly Index[] {
  const listed = rowsOf<{ name: string; origin: string; partial: number | bigint }>(
    database,
    `SELECT name, origin, partial FROM pragma_index_list(?, 'main') WHERE "unique" ORDER BY name`,
    table,
  );
  return listed.map(({ name, origin, partial }) => {
    const found = rowsOf<{ name: string | null; coll: string }>(
      database,
      `SELECT name, coll FROM pragma_index_xinfo(?, 'main') WHERE key ORDER BY seqno`,
      name,
    );
    const columns = found.map((column) => ({
      name: column.name ?? '',
      collation: column.coll.toUpperCase(),
    }));
    const where = Number(partial) === 0 ? undefined : indexCondition(indexSql(database, name));
    const isUnreadable = Number(partial) !== 0 && where === undefined;
    const hasExpression = isUnreadable || found.some((column) => column.name === null);
    return { name, origin, columns, where, hasExpression };
  });
}

function indexSql(database: SqliteDatabase, name: string): string {
  const sql = `SELECT sql FROM main.sqlite_master WHERE type = 'index' AND name = ?`;
  const [row] = rowsOf<{ sql: string | null }>(database, sql, name);
  return row?.sql ?? '';
}

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
