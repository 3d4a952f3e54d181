import type { Kind } from '../dialect.interface.js';
import { keyOf } from '../writer.js';
import {
  ROWS_LARGE,
  assignments,
  insertHead,
  range,
  returning,
  underKeyOf,
  values,
} from './parts.js';

export const insert: Kind = (writer, table) => {
  if (writer.rowCount(table) > ROWS_LARGE && writer.rng.chance(0.8)) return [];
  const given = writer.given(table);
  const count = writer.rng.chance(0.6) ? 1 : writer.rng.whole(2, 4);
  const rows = Array.from({ length: count }, () => writer.newRow(table));
  // The copies know what number comes next only while nobody else draws from the same counter.
  const isCounted = !writer.isByKey && writer.rng.chance(0.25);
  const columns = given.filter((at) => !isCounted || table.columns[at]?.isNumbered !== true);
  if (columns.length === given.length) for (const row of rows) writer.touch(table, row);
  const lists = rows.map((row) => `(${values(row, columns)})`).join(', ');
  const head = insertHead(writer, table, columns);
  return [`${head} VALUES ${lists}${returning(writer, 'insert')}`];
};

/** A copy of a row under a new key. */
export const insertSelect: Kind = (writer, table) => {
  const row = writer.row(table);
  const keyed = new Set(table.keys.flatMap(({ columns }) => columns));
  if (row === undefined || keyed.size === 0) return [];
  const fresh = writer.newRow(table);
  const given = writer.given(table);
  const list = given.map((column) => {
    return keyed.has(column) ? (fresh[column] ?? '') : (table.columns[column]?.quoted ?? '');
  });
  const head = insertHead(writer, table, given);
  const where = writer.is(table, row);
  return [`${head} SELECT ${list.join(', ')} FROM ${table.from} WHERE ${where}`];
};

export const update: Kind = (writer, table) => {
  const row = writer.row(table);
  const sets = assignments(writer, table);
  if (row === undefined || sets === '') return [];
  const where = writer.is(table, row);
  return [`UPDATE ${table.from} SET ${sets} WHERE ${where}${returning(writer, 'update')}`];
};

export const updateAgain: Kind = (writer, table) => {
  const row = writer.row(table);
  if (row === undefined) return [];
  const count = writer.rng.whole(2, 4);
  return Array.from({ length: count }, () => assignments(writer, table, '', false))
    .filter((sets) => sets !== '')
    .map((sets) => `UPDATE ${table.from} SET ${sets} WHERE ${writer.is(table, row)}`);
};

export const updateRange: Kind = (writer, table) => {
  const where = range(writer, table);
  const sets = assignments(writer, table, '', false);
  if (where === undefined || sets === '') return [];
  return [`UPDATE ${table.from} SET ${sets} WHERE ${where}${writer.dialect.inOrder(table)}`];
};

export const remove: Kind = (writer, table) => {
  const row = writer.row(table);
  if (row === undefined) return [];
  const where = writer.is(table, row);
  return [`DELETE FROM ${table.from} WHERE ${where}${returning(writer, 'delete')}`];
};

export const removeRange: Kind = (writer, table) => {
  const where = range(writer, table);
  const isRare = writer.rowCount(table) > ROWS_LARGE ? 0.5 : 0.15;
  if (where === undefined || !writer.rng.chance(isRare)) return [];
  return [`DELETE FROM ${table.from} WHERE ${where}${writer.dialect.inOrder(table)}`];
};

/** Two rows exchange a value that only one may have, by way of a third one. */
export const swap: Kind = (writer, table) => {
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
export const replace: Kind = (writer, table) => {
  const row = writer.row(table);
  if (row === undefined) return [];
  const fresh = writer.touch(table, underKeyOf(writer, table, writer.rng.chance(0.6) && row));
  const given = writer.given(table);
  return [
    `DELETE FROM ${table.from} WHERE ${writer.is(table, row)}`,
    `${insertHead(writer, table, given)} VALUES (${values(fresh, given)})`,
  ];
};

export const lock: Kind = (writer, table) => {
  const row = writer.row(table);
  if (row === undefined) return [];
  const column = table.columns[0]?.quoted ?? '1';
  return [`SELECT ${column} FROM ${table.from} WHERE ${writer.is(table, row)} FOR UPDATE`];
};
