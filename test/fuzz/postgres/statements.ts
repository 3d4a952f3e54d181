import type { Dialect, Kind } from '../dialect.interface.js';
import { upsert } from '../statements/on-conflict.js';
import { assignments, joinOf, names, underKeyOf, values } from '../statements/parts.js';
import * as plain from '../statements/plain.js';
import { keyOf } from '../writer.js';

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
  const join = joinOf(writer, table);
  if (join === undefined) return [];
  const { on, parent, parents } = join;
  return [
    `DELETE FROM ${table.from} AS a USING ${parents.from} AS p ` +
      `WHERE ${on} AND ${writer.is(parents, parent, 'p.')}`,
  ];
};

const merge: Kind = (writer, table) => {
  const { columns } = keyOf(table) ?? { columns: [] };
  const sets = assignments(writer, table, 'a.', false);
  if (columns.length === 0 || sets === '') return [];
  const fresh = underKeyOf(writer, table, writer.rng.chance(0.6) && writer.row(table));
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

const { insert, insertSelect, lock, remove, removeRange, replace } = plain;
const { swap, update, updateAgain, updateRange } = plain;

export const dialectOf = (version: number): Dialect => ({
  guide: 'docs/at-postgres.md',
  statements: [
    ...[insert, insert, insert, insertSelect],
    ...[update, update, update, updateAgain, updateRange, updateFrom],
    ...[remove, remove, removeRange, removeUsing, replace],
    ...[upsert, upsert, swap, twoInOne, lock],
    ...(version < MERGE_VERSION ? [] : [merge]),
  ],
  statementsByKey: [
    ...[insert, insert, update, update, updateAgain, remove, replace, upsert, lock],
  ],
  behindColumns: ' OVERRIDING SYSTEM VALUE',
  returning: new Set(['insert', 'update', 'delete']),
  inOrder: () => '',
  outlivesFailures: false,
  settings: () => [],
});

const MERGE_VERSION = 15;
