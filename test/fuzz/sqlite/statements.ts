import type { Dialect, Kind } from '../dialect.interface.js';
import { upsert } from '../statements/on-conflict.js';
import { assignments, insertHead, underKeyOf, values } from '../statements/parts.js';
import * as plain from '../statements/plain.js';
import { keyOf } from '../writer.js';

const RESOLUTIONS = ['OR IGNORE', 'OR IGNORE', 'OR REPLACE', 'OR REPLACE', 'OR FAIL', 'OR ABORT'];

/** Rows of which some may be there already. */
const insertOr: Kind = (writer, table) => {
  const resolution = writer.rng.pick(RESOLUTIONS);
  // By itself it would keep the first rows when a later one fails, and in AT mode it does not.
  const count = resolution === 'OR FAIL' ? 1 : writer.rng.whole(1, 3);
  const rows = Array.from({ length: count }, () =>
    underKeyOf(writer, table, writer.rng.chance(0.5) && writer.row(table)),
  );
  for (const row of rows) writer.touch(table, row);
  const given = writer.given(table);
  const lists = rows.map((row) => `(${values(row, given)})`).join(', ');
  return [`${insertHead(writer, table, given, `INSERT ${resolution}`)} VALUES ${lists}`];
};

const replaceInto: Kind = (writer, table) => {
  const given = writer.given(table);
  const fresh = underKeyOf(writer, table, writer.rng.chance(0.7) && writer.row(table));
  writer.touch(table, fresh);
  return [`${insertHead(writer, table, given, 'REPLACE')} VALUES (${values(fresh, given)})`];
};

/** Whichever key is taken. */
const upsertAny: Kind = (writer, table) => {
  const given = writer.given(table);
  const fresh = underKeyOf(writer, table, writer.rng.chance(0.7) && writer.row(table));
  writer.touch(table, fresh);
  const sets = assignments(writer, table, '', !writer.isByKey);
  if (sets === '') return [];
  const action = writer.rng.chance(0.2) ? 'NOTHING' : `UPDATE SET ${sets}`;
  const head = insertHead(writer, table, given);
  return [`${head} VALUES (${values(fresh, given)}) ON CONFLICT DO ${action}`];
};

const updateOr: Kind = (writer, table) => {
  const row = writer.row(table);
  const sets = assignments(writer, table);
  if (row === undefined || sets === '') return [];
  // Of several rows the first one would have its way, and none is promised to be it.
  const where = writer.is(table, row);
  return [`UPDATE ${writer.rng.pick(RESOLUTIONS)} ${table.sql} SET ${sets} WHERE ${where}`];
};

/** A row takes values of another one, perhaps of another table. */
const updateFrom: Kind = (writer, table) => {
  const other = writer.rng.pick(writer.model.tables);
  const [row, second] = [writer.row(table), writer.row(other)];
  if (row === undefined || second === undefined || keyOf(other) === undefined) return [];
  const column = table.columns[writer.rng.pick(writer.given(table))]?.quoted ?? '';
  const taken = writer.rng.pick(other.columns).quoted;
  return [
    `UPDATE ${table.sql} SET ${column} = o.${taken} FROM ${other.sql} AS o ` +
      `WHERE ${writer.is(table, row, `${table.sql}.`)} AND ${writer.is(other, second, 'o.')}`,
  ];
};

/** The rows that refer to a row. */
const removeReferring: Kind = (writer, table) => {
  const reference = table.references.length > 0 ? writer.rng.pick(table.references) : undefined;
  const parents = writer.model.tables.find(({ name }) => name === reference?.target);
  const parent = parents && writer.row(parents);
  if (!reference || !parent) return [];
  const conditions = reference.columns.map((column, index) => {
    const value = parent[reference.targetColumns[index] ?? -1] ?? 'NULL';
    return `${table.columns[column]?.quoted ?? ''} = ${value}`;
  });
  return [`DELETE FROM ${table.sql} WHERE ${conditions.join(' AND ')}`];
};

const REPLACES = /^(?:REPLACE|INSERT OR REPLACE|UPDATE OR REPLACE) /;

const { insert, insertSelect, remove, removeRange, replace } = plain;
const { swap, update, updateAgain, updateRange } = plain;

export const sqliteDialect: Dialect = {
  guide: 'docs/at-sqlite.md',
  statements: [
    ...[insert, insert, insert, insertOr, insertSelect, upsert, upsertAny, replaceInto],
    ...[update, update, update, updateAgain, updateRange, updateOr, updateFrom],
    ...[remove, remove, removeRange, removeReferring, replace, swap],
  ],
  statementsByKey: [
    ...[insert, insert, update, update, updateAgain, remove, replace, upsert, upsertAny],
    ...[replaceInto],
  ],
  behindColumns: '',
  returning: new Set(['insert', 'update', 'delete']),
  inOrder: () => '',
  outlivesFailures: true,
  // REPLACE does not look at references of the new row to rows that went with the old one.
  letsPass: (sql, code) => REPLACES.test(sql) && code === 'SQLITE_CONSTRAINT_FOREIGNKEY',
  settings: () => [],
};
