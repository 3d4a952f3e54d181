import { namesIn } from './ddl-text.js';
import type { Inputs } from './generated-columns.js';
import { readIndexText } from './index-text.js';
import { rowsOf, sqlOf } from './read-rows.js';
import { identifier } from './sql-text.js';
import type { SqliteDatabase } from './sqlite-database.interface.js';
import type { Column, IndexPart, KeyColumn, UniqueIndex } from './table-definition.js';

/** The unique indexes of a table. */
export interface Indexes {
  /** Of the primary key; undefined where that is the rowid. */
  readonly key: readonly KeyColumn[] | undefined;
  readonly unique: readonly UniqueIndex[];
  /** Names of those that the catalogue does not tell enough about. */
  readonly unreadable: readonly string[];
}

interface IndexedTable {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly inputs: Inputs;
}

export function uniqueIndexesOf(database: SqliteDatabase, table: IndexedTable): Indexes {
  const listed = rowsOf<IndexRow>(
    database,
    `SELECT name, origin, partial FROM pragma_index_list(?, 'main') WHERE "unique" ORDER BY name`,
    table.name,
  );
  const found = listed.map((row) => ({ ...row, index: readIndex(database, table, row) }));
  const key = found.find(({ origin }) => origin === 'pk')?.index;
  const others = found.filter(({ origin }) => origin !== 'pk');
  return {
    key: key?.parts.map(({ collation, column = '' }) => ({ name: column, collation })),
    unique: others.flatMap(({ index }) => index ?? []),
    unreadable: others.filter(({ index }) => index === undefined).map(({ name }) => name),
  };
}

interface IndexRow {
  readonly name: string;
  readonly origin: string;
  readonly partial: number | bigint;
}

interface PartRow {
  readonly name: string | null;
  readonly coll: string;
}

function readIndex(
  database: SqliteDatabase,
  { columns, inputs, name: table }: IndexedTable,
  { name, partial }: IndexRow,
): UniqueIndex | undefined {
  const { condition: where, terms } = readIndexText(sqlOf(database, 'index', name));
  const found = rowsOf<PartRow>(
    database,
    `SELECT name, coll FROM pragma_index_xinfo(?, 'main') WHERE key ORDER BY seqno`,
    name,
  );
  const parts = found.map(({ coll, name: column }, place): IndexPart => ({
    column: column ?? undefined,
    expression: column ?? terms[place] ?? '',
    collation: coll.toUpperCase(),
  }));
  const isPartial = Number(partial) !== 0;
  const written = parts.flatMap(({ column, expression }) =>
    column === undefined ? expression : [],
  );
  const texts = [...written, ...(isPartial ? [where ?? ''] : [])];
  if (!texts.every((text) => isExpression(database, { columns, name: table }, text)))
    return undefined;
  const names = parts.flatMap(({ column, expression }) => column ?? namesIn(expression));
  return { name, parts, inputs: inputs(names), where: isPartial ? where : undefined };
}

/** Whether SQLite understands the text as one over columns of these names. */
function isExpression(
  database: SqliteDatabase,
  { columns, name }: Pick<IndexedTable, 'columns' | 'name'>,
  text: string,
): boolean {
  const values = columns.map((column) => identifier(column.name)).join(', ');
  try {
    const row = `(SELECT ${values} FROM main.${identifier(name)}) AS ${identifier(name)}`;
    database.prepare(`SELECT (${text}) FROM ${row}`);
    return true;
  } catch {
    return false;
  }
}
