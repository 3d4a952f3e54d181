import type { Rng } from '../../simulation/kernel/rng.js';
import type { Dialect, Kind } from '../dialect.interface.js';
import type { Model, TableModel } from '../model.js';
import {
  assignments,
  insertHead,
  joinOf,
  names,
  range,
  underKeyOf,
  values,
} from '../statements/parts.js';
import * as plain from '../statements/plain.js';
import { keyOf } from '../writer.js';

const inOrder = (table: TableModel): string => {
  const { columns } = keyOf(table) ?? { columns: [] };
  return columns.length === 0 ? '' : ` ORDER BY ${names(table, columns)}`;
};

/** Rows of which some may be there already. */
const insertIgnore: Kind = (writer, table) => {
  const rows = Array.from({ length: writer.rng.whole(1, 3) }, () =>
    underKeyOf(writer, table, writer.rng.chance(0.4) && writer.row(table)),
  );
  for (const row of rows) writer.touch(table, row);
  const given = writer.given(table);
  const lists = rows.map((row) => `(${values(row, given)})`);
  return [`${insertHead(writer, table, given, 'INSERT IGNORE')} VALUES ${lists.join(', ')}`];
};

const onDuplicate: Kind = (writer, table) => {
  const given = writer.given(table);
  const count = writer.isByKey ? 1 : writer.rng.whole(1, 2);
  const rows = Array.from({ length: count }, () =>
    underKeyOf(writer, table, writer.rng.chance(0.7) && writer.row(table)),
  );
  for (const row of rows) writer.touch(table, row);
  const lists = rows.map((row) => `(${values(row, given)})`).join(', ');
  const taken = table.columns[writer.rng.pick(given)]?.quoted ?? '';
  const sets = writer.rng.chance(0.4)
    ? `${taken} = VALUES(${taken})`
    : assignments(writer, table, '', !writer.isByKey);
  if (sets === '') return [];
  return [`${insertHead(writer, table, given)} VALUES ${lists} ON DUPLICATE KEY UPDATE ${sets}`];
};

const replaceInto: Kind = (writer, table) => {
  const given = writer.given(table);
  const fresh = underKeyOf(writer, table, writer.rng.chance(0.7) && writer.row(table));
  writer.touch(table, fresh);
  return [`${insertHead(writer, table, given, 'REPLACE')} VALUES (${values(fresh, given)})`];
};

const updateIgnore: Kind = (writer, table) => {
  const where = range(writer, table);
  const sets = assignments(writer, table);
  if (where === undefined || sets === '') return [];
  return [`UPDATE IGNORE ${table.sql} SET ${sets} WHERE ${where}${inOrder(table)}`];
};

/** Some rows of many, the primary key not excepted. */
const updateLimited: Kind = (writer, table) => {
  const where = range(writer, table);
  const sets = assignments(writer, table);
  if (where === undefined || sets === '') return [];
  const limit = String(writer.rng.whole(1, 3));
  const order = `${inOrder(table)}${writer.rng.pick(['', ' DESC'])}`;
  return [`UPDATE ${table.sql} SET ${sets} WHERE ${where}${order} LIMIT ${limit}`];
};

const removeIgnore: Kind = (writer, table) => {
  const where = range(writer, table);
  if (where === undefined || mayBeHeldUp(writer.model, table)) return [];
  const limit = String(writer.rng.whole(1, 3));
  return [`DELETE IGNORE FROM ${table.sql} WHERE ${where}${inOrder(table)} LIMIT ${limit}`];
};

/** What a cascade meets further on is no error of the statement itself, and not ignored. */
function mayBeHeldUp({ tables }: Model, { name }: TableModel): boolean {
  const refersTo = (child: TableModel, parent: string, cascades: boolean): boolean =>
    child.references.some(
      ({ isCascading, target }) => target === parent && (!cascades || isCascading === true),
    );
  const going = tables.filter((child) => refersTo(child, name, true));
  return going.some((child) => tables.some((other) => refersTo(other, child.name, false)));
}

/** Two rows in one statement, perhaps of one table. */
const updateTwo: Kind = (writer, table) => {
  const other = writer.rng.pick(writer.model.tables);
  const [row, second] = [writer.row(table), writer.row(other)];
  if (row === undefined || second === undefined || keyOf(other) === undefined) return [];
  const pick = (of: TableModel, alias: string): string => {
    const column = writer.rng.pick(writer.given(of));
    return `${alias}.${of.columns[column]?.quoted ?? ''} = ${writer.newRow(of)[column] ?? 'NULL'}`;
  };
  const ignore = writer.rng.chance(0.3) ? 'IGNORE ' : '';
  return [
    `UPDATE ${ignore}${table.sql} AS a JOIN ${other.sql} AS b ` +
      `ON ${writer.is(table, row, 'a.')} AND ${writer.is(other, second, 'b.')} ` +
      `SET ${pick(table, 'a')}, ${pick(other, 'b')}`,
  ];
};

/** A row and those that refer to it. */
const removeBoth: Kind = (writer, table) => {
  const join = joinOf(writer, table);
  if (join === undefined) return [];
  const { on, parent, parents } = join;
  const which = writer.rng.pick(['a', 'a', 'a, p']);
  return [
    `DELETE ${which} FROM ${parents.sql} AS p JOIN ${table.sql} AS a ON ${on} ` +
      `WHERE ${writer.is(parents, parent, 'p.')}`,
  ];
};

const MODES = [
  ...['', '', 'STRICT_TRANS_TABLES', 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'],
  ...['NO_AUTO_VALUE_ON_ZERO', 'PAD_CHAR_TO_FULL_LENGTH', 'ANSI', 'TRADITIONAL'],
  ...['NO_BACKSLASH_ESCAPES', 'SIMULTANEOUS_ASSIGNMENT', 'EMPTY_STRING_IS_NULL'],
];
const ZONES = ['+00:00', '+00:00', '+05:30', '-11:00'];
const LEVELS = ['REPEATABLE READ', 'READ COMMITTED'];

/** With a clock that stands still: the same statement writes the same time in each database. */
const settings = (rng: Rng): readonly string[] => [
  `SET sql_mode = '${rng.pick(MODES)}', time_zone = '${rng.pick(ZONES)}', ` +
    `timestamp = ${(Date.now() / 1000).toFixed(3)}`,
  `SET SESSION TRANSACTION ISOLATION LEVEL ${rng.pick(LEVELS)}`,
];

const { insert, insertSelect, lock, remove, removeRange, replace } = plain;
const { swap, update, updateAgain, updateRange } = plain;

export const mariadbDialect: Dialect = {
  guide: 'docs/at-mysql.md',
  statements: [
    ...[insert, insert, insert, insertIgnore, insertSelect, onDuplicate, onDuplicate, replaceInto],
    ...[update, update, update, updateAgain, updateRange, updateIgnore, updateLimited, updateTwo],
    ...[remove, remove, removeRange, removeIgnore, removeBoth, replace, swap, lock],
  ],
  statementsByKey: [
    ...[insert, insert, update, update, updateAgain, remove, replace, lock],
    ...[onDuplicate, replaceInto],
  ],
  behindColumns: '',
  returning: new Set(['insert', 'delete']),
  inOrder,
  outlivesFailures: true,
  settings,
};
