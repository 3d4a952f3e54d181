import type Database from 'better-sqlite3';

import type { ColumnModel, KeyModel, Model, ReferenceModel, TableModel } from '../model.js';
import { affinityOf, randomValue } from './values.js';

interface RawTable {
  readonly name: string;
  readonly strict: number;
  readonly wr: number;
}

interface RawColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  /** Its place in the primary key, from 1; 0 outside of it. */
  readonly pk: number;
  readonly hidden: number;
}

interface RawIndex {
  readonly name: string;
  readonly unique: number;
  readonly origin: string;
  readonly partial: number;
}

interface RawReference {
  readonly id: number;
  readonly seq: number;
  readonly table: string;
  readonly from: string;
  readonly to: string | null;
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const TABLES = `SELECT name, strict, wr FROM pragma_table_list
  WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  ORDER BY name`;

export function readModel(database: Database.Database): Model {
  const raw = database.prepare<[], RawTable>(TABLES).all();
  const ofTable = database.prepare<[string], RawColumn>('SELECT * FROM pragma_table_xinfo(?)');
  const columns = new Map(raw.map(({ name }) => [name, ofTable.all(name)]));
  const triggered = database
    .prepare<[], { name: string }>(
      `SELECT DISTINCT tbl_name AS name FROM sqlite_master WHERE type = 'trigger'`,
    )
    .all();
  return {
    tables: raw.map((table): TableModel => ({
      name: table.name,
      sql: quoteName(table.name),
      from: quoteName(table.name),
      columns: (columns.get(table.name) ?? []).map((column, _, all) =>
        toColumn(table, column, all),
      ),
      keys: keysOf(database, table.name, columns.get(table.name) ?? []),
      references: referencesOf(database, table.name, columns),
      hasUserTriggers: triggered.some(({ name }) => isSame(name, table.name)),
    })),
  };
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

function toColumn(
  { strict, wr }: RawTable,
  { hidden, name, notnull, pk, type }: RawColumn,
  all: readonly RawColumn[],
): ColumnModel {
  const quoted = quoteName(name);
  const affinity = affinityOf(type);
  const isRowid = isSame(type, 'integer') && pk === 1 && wr === 0 && keyPlaces(all).length === 1;
  return {
    name,
    quoted,
    asText: `iif(${quoted} IS NULL, NULL, typeof(${quoted}) || ':' || quote(${quoted}))`,
    literal: literalOf,
    // What is no number is refused half-way, and INSERT OR IGNORE keeps the rows before it.
    random: (rng) =>
      isRowid ? String(rng.whole(1, 30_000)) : randomValue(affinity, strict === 1, rng),
    isNotNull: notnull === 1 || isRowid || (pk > 0 && wr === 1),
    isGenerated: hidden > 0,
    isIdentity: false,
    isNumbered: isRowid,
    isReused: isRowid,
    isNumber: affinity !== 'text' && affinity !== 'blob',
    isWhole: affinity === 'integer',
  };
}

/** What `quote` makes is SQL already; the type in front of it tells 1 from 1.0. */
function literalOf(text: string): string {
  if (text === '') return "''";
  return text.slice(text.indexOf(':') + 1);
}

const keyPlaces = (columns: readonly RawColumn[]): readonly number[] =>
  [...columns.keys()]
    .filter((place) => (columns[place]?.pk ?? 0) > 0)
    .sort((a, b) => (columns[a]?.pk ?? 0) - (columns[b]?.pk ?? 0));

const placesOf = (columns: readonly RawColumn[], names: readonly string[]): readonly number[] =>
  names.map((name) => columns.findIndex((column) => isSame(column.name, name)));

function keysOf(
  database: Database.Database,
  table: string,
  columns: readonly RawColumn[],
): readonly KeyModel[] {
  const primary = keyPlaces(columns);
  const indexes = database
    .prepare<[string], RawIndex>('SELECT * FROM pragma_index_list(?) ORDER BY name')
    .all(table);
  const partsOf = database.prepare<[string], { readonly name: string | null }>(
    'SELECT * FROM pragma_index_info(?)',
  );
  const others = indexes
    .filter(({ origin, partial, unique }) => unique === 1 && partial === 0 && origin !== 'pk')
    .map(({ name }) => partsOf.all(name))
    .filter((parts) => parts.every(({ name }) => name !== null))
    .map((parts) => ({
      isPrimary: false,
      columns: placesOf(
        columns,
        parts.map(({ name }) => name ?? ''),
      ),
    }));
  return primary.length === 0 ? others : [{ isPrimary: true, columns: primary }, ...others];
}

function referencesOf(
  database: Database.Database,
  table: string,
  all: ReadonlyMap<string, readonly RawColumn[]>,
): readonly ReferenceModel[] {
  const rows = database
    .prepare<[string], RawReference>('SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq')
    .all(table);
  return [...new Set(rows.map(({ id }) => id))].flatMap((id) => {
    const parts = rows.filter((row) => row.id === id);
    const target = [...all.keys()].find((name) => isSame(name, parts[0]?.table ?? ''));
    if (target === undefined) return [];
    const columns = all.get(target) ?? [];
    const names = parts.flatMap(({ to }) => to ?? []);
    return [
      {
        columns: placesOf(
          all.get(table) ?? [],
          parts.map(({ from }) => from),
        ),
        target,
        // Without columns it is the primary key.
        targetColumns: names.length > 0 ? placesOf(columns, names) : keyPlaces(columns),
      },
    ];
  });
}
