import type { TableModel } from './model.js';
import type { Expressions, Writer } from './writer.js';
import { keyOf } from './writer.js';

/** Statements of one kind on a table; none where it has nothing to offer. */
type Kind = (writer: Writer, table: TableModel) => readonly string[];

const ROWS_LARGE = 150;
const NUMBERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'numeric', 'float8']);
const MERGE_VERSION = 15;

const names = (table: TableModel, columns: readonly number[]): string =>
  columns.map((column) => table.columns[column]?.quoted ?? '').join(', ');
const values = (row: Expressions, columns: readonly number[]): string =>
  columns.map((column) => row[column] ?? 'NULL').join(', ');
const returning = (writer: Writer): string => (writer.rng.chance(0.15) ? ' RETURNING *' : '');

const insertHead = (writer: Writer, table: TableModel): string =>
  `INSERT INTO ${table.sql} (${names(table, writer.given(table))}) OVERRIDING SYSTEM VALUE`;

const insert: Kind = (writer, table) => {
  if (writer.rowCount(table) > ROWS_LARGE && writer.rng.chance(0.8)) return [];
  const columns = writer.given(table);
  const count = writer.rng.chance(0.6) ? 1 : writer.rng.whole(2, 4);
  const rows = Array.from({ length: count }, () => writer.newRow(table));
  for (const row of rows) writer.touch(table, row);
  const lists = rows.map((row) => `(${values(row, columns)})`).join(', ');
  return [`${insertHead(writer, table)} VALUES ${lists}${returning(writer)}`];
};

/** A copy of a row under a new key. */
const insertSelect: Kind = (writer, table) => {
  const row = writer.row(table);
  const keyed = new Set(table.keys.flatMap(({ columns }) => columns));
  if (row === undefined || keyed.size === 0) return [];
  const fresh = writer.newRow(table);
  const list = writer.given(table).map((column) => {
    return keyed.has(column) ? (fresh[column] ?? '') : (table.columns[column]?.quoted ?? '');
  });
  const where = writer.is(table, row);
  return [
    `${insertHead(writer, table)} SELECT ${list.join(', ')} FROM ${table.from} WHERE ${where}`,
  ];
};

/** Mostly columns that are no key; an identity that is ALWAYS cannot be set. */
function assignments(writer: Writer, table: TableModel, prefix = '', mayMoveKey = true): string {
  const { rng } = writer;
  const key = new Set(keyOf(table)?.columns);
  const free = writer.given(table).filter((column) => table.columns[column]?.isIdentity !== true);
  const movesKey = mayMoveKey && rng.chance(0.12);
  const plain = free.filter((column) => movesKey || !key.has(column));
  const pool = plain.length > 0 ? plain : free;
  if (pool.length === 0) return '';
  const chosen = new Set(Array.from({ length: rng.whole(1, 3) }, () => rng.pick(pool)));
  const fresh = writer.newRow(table);
  const sets = [...chosen].map((column) => {
    const { quoted = '', typeOid = 0 } = table.columns[column] ?? {};
    const isNumber = NUMBERS.has(writer.model.types.get(typeOid)?.name ?? '');
    if (rng.chance(0.06)) return `${quoted} = ${prefix}${quoted}`;
    if (isNumber && rng.chance(0.3)) return `${quoted} = ${prefix}${quoted} + ${rng.whole(1, 9)}`;
    return `${quoted} = ${fresh[column] ?? 'NULL'}`;
  });
  return sets.join(', ');
}

const update: Kind = (writer, table) => {
  const row = writer.row(table);
  const sets = assignments(writer, table);
  if (row === undefined || sets === '') return [];
  return [`UPDATE ${table.from} SET ${sets} WHERE ${writer.is(table, row)}${returning(writer)}`];
};

const updateAgain: Kind = (writer, table) => {
  const row = writer.row(table);
  if (row === undefined) return [];
  const count = writer.rng.whole(2, 4);
  return Array.from({ length: count }, () => assignments(writer, table, '', false))
    .filter((sets) => sets !== '')
    .map((sets) => `UPDATE ${table.from} SET ${sets} WHERE ${writer.is(table, row)}`);
};

/** Rows from a key on; without one, all. */
function range(writer: Writer, table: TableModel): string | undefined {
  const row = writer.row(table);
  const column = keyOf(table)?.columns[0];
  if (row === undefined || column === undefined) return undefined;
  if (writer.rng.chance(0.15)) return 'true';
  const operator = writer.rng.pick(['<=', '>=']);
  return `${table.columns[column]?.quoted ?? ''} ${operator} ${row[column] ?? ''}`;
}

const updateRange: Kind = (writer, table) => {
  const where = range(writer, table);
  const sets = assignments(writer, table, '', false);
  if (where === undefined || sets === '') return [];
  return [`UPDATE ${table.from} SET ${sets} WHERE ${where}`];
};

const remove: Kind = (writer, table) => {
  const row = writer.row(table);
  if (row === undefined) return [];
  return [`DELETE FROM ${table.from} WHERE ${writer.is(table, row)}${returning(writer)}`];
};

const removeRange: Kind = (writer, table) => {
  const where = range(writer, table);
  const isRare = writer.rowCount(table) > ROWS_LARGE ? 0.5 : 0.15;
  if (where === undefined || !writer.rng.chance(isRare)) return [];
  return [`DELETE FROM ${table.from} WHERE ${where}`];
};

const upsert: Kind = (writer, table) => {
  if (table.keys.length === 0) return [];
  const { columns } = writer.rng.pick(table.keys);
  const given = writer.given(table);
  const fresh = [...writer.newRow(table)];
  const old = writer.row(table);
  if (old !== undefined && writer.rng.chance(0.7)) {
    for (const column of columns) fresh[column] = old[column] ?? 'NULL';
  }
  writer.touch(table, fresh);
  const free = given.filter(
    (column) => !columns.includes(column) && table.columns[column]?.isIdentity !== true,
  );
  const chosen = free.length === 0 ? [] : [writer.rng.pick(free), writer.rng.pick(free)];
  const sets = [...new Set(chosen)].map((column) => {
    const quoted = table.columns[column]?.quoted ?? '';
    return `${quoted} = EXCLUDED.${quoted}`;
  });
  const action =
    sets.length === 0 || writer.rng.chance(0.25) ? 'NOTHING' : `UPDATE SET ${sets.join(', ')}`;
  const target = `(${names(table, columns)})`;
  return [
    `${insertHead(writer, table)} VALUES (${values(fresh, given)}) ` +
      `ON CONFLICT ${target} DO ${action}`,
  ];
};

/** Two rows exchange a value that only one may have, by way of a third one. */
const swap: Kind = (writer, table) => {
  const primary = keyOf(table);
  const others = table.keys.filter((key) => key !== primary && key.columns.length === 1);
  const column = others.length === 0 ? undefined : writer.rng.pick(others).columns[0];
  const [a, b] = [writer.row(table), writer.row(table)];
  if (column === undefined || a === undefined || b === undefined || a === b) return [];
  const set = (value = 'NULL'): string => `${table.columns[column]?.quoted ?? ''} = ${value}`;
  return [
    `UPDATE ${table.from} SET ${set(writer.value(table, column))} WHERE ${writer.is(table, a)}`,
    `UPDATE ${table.from} SET ${set(a[column])} WHERE ${writer.is(table, b)}`,
    `UPDATE ${table.from} SET ${set(b[column])} WHERE ${writer.is(table, a)}`,
  ];
};

/** The same row goes and comes back, with or without another key. */
const replace: Kind = (writer, table) => {
  const row = writer.row(table);
  if (row === undefined) return [];
  const fresh = [...writer.newRow(table)];
  if (writer.rng.chance(0.6)) {
    for (const column of keyOf(table)?.columns ?? []) fresh[column] = row[column] ?? 'NULL';
  }
  writer.touch(table, fresh);
  return [
    `DELETE FROM ${table.from} WHERE ${writer.is(table, row)}`,
    `${insertHead(writer, table)} VALUES (${values(fresh, writer.given(table))})`,
  ];
};

const twoInOne: Kind = (writer, table) => {
  const other = writer.rng.pick(writer.model.tables);
  const [row, second] = [writer.row(table), writer.row(other)];
  const [sets, others] = [assignments(writer, table), assignments(writer, other)];
  if (row === undefined || second === undefined || sets === '' || others === '') return [];
  if (keyOf(other) === undefined) return [];
  return [
    `WITH w AS (UPDATE ${table.from} SET ${sets} WHERE ${writer.is(table, row)} RETURNING 1) ` +
      `UPDATE ${other.from} SET ${others} WHERE ${writer.is(other, second)}`,
  ];
};

const updateFrom: Kind = (writer, table) => {
  const rows = [writer.row(table), writer.row(table)].filter((row) => row !== undefined);
  const sets = assignments(writer, table, 'a.', false);
  const { columns } = keyOf(table) ?? { columns: [] };
  if (rows.length === 0 || sets === '' || columns.length === 0) return [];
  const list = rows.map((row) => `(${values(row, columns)})`).join(', ');
  const keys = columns.map((_, index) => `k${index}`);
  const on = columns.map((column, index) => {
    return `a.${table.columns[column]?.quoted ?? ''} = v.k${index}`;
  });
  return [
    `UPDATE ${table.from} AS a SET ${sets} FROM (VALUES ${list}) AS v (${keys.join(', ')}) ` +
      `WHERE ${on.join(' AND ')}`,
  ];
};

const removeUsing: Kind = (writer, table) => {
  const reference = table.references.length > 0 ? writer.rng.pick(table.references) : undefined;
  const parents = writer.model.tables.find(({ name }) => name === reference?.target);
  const parent = parents && writer.row(parents);
  if (!reference || !parents || !parent || !keyOf(parents)) return [];
  const on = reference.columns.map((column, index) => {
    const target = parents.columns[reference.targetColumns[index] ?? -1];
    return `a.${table.columns[column]?.quoted ?? ''} = p.${target?.quoted ?? ''}`;
  });
  const which = writer.is(parents, parent, 'p.');
  return [
    `DELETE FROM ${table.from} AS a USING ${parents.from} AS p ` +
      `WHERE ${on.join(' AND ')} AND ${which}`,
  ];
};

const merge: Kind = (writer, table) => {
  const { columns } = keyOf(table) ?? { columns: [] };
  const sets = assignments(writer, table, 'a.', false);
  if (writer.model.version < MERGE_VERSION || columns.length === 0 || sets === '') return [];
  const fresh = [...writer.newRow(table)];
  const old = writer.row(table);
  if (old !== undefined && writer.rng.chance(0.6)) {
    for (const column of columns) fresh[column] = old[column] ?? 'NULL';
  }
  const keys = columns.map((column, index) => `${fresh[column] ?? 'NULL'} AS k${index}`);
  const on = columns.map((column, index) => {
    return `a.${table.columns[column]?.quoted ?? ''} = s.k${index}`;
  });
  const given = writer.given(table);
  const matched = writer.rng.chance(0.25) ? 'DELETE' : `UPDATE SET ${sets}`;
  return [
    `MERGE INTO ${table.from} AS a USING (SELECT ${keys.join(', ')}) AS s ON ${on.join(' AND ')} ` +
      `WHEN MATCHED THEN ${matched} WHEN NOT MATCHED THEN INSERT (${names(table, given)}) ` +
      `OVERRIDING SYSTEM VALUE VALUES (${values(fresh, given)})`,
  ];
};

const lock: Kind = (writer, table) => {
  const row = writer.row(table);
  if (row === undefined) return [];
  const column = table.columns[0]?.quoted ?? '1';
  return [`SELECT ${column} FROM ${table.from} WHERE ${writer.is(table, row)} FOR UPDATE`];
};

/** Each kind as often as it stands here. */
export const STATEMENTS: readonly Kind[] = [
  ...[insert, insert, insert, insertSelect],
  ...[update, update, update, updateAgain, updateRange, updateFrom],
  ...[remove, remove, removeRange, removeUsing, replace],
  ...[upsert, upsert, swap, twoInOne, merge, lock],
];

/** Those that write the same whatever other rows hold. */
export const STATEMENTS_BY_KEY: readonly Kind[] = [
  ...[insert, insert, update, update, updateAgain, remove, replace, upsert, lock],
];
