import { createHash } from 'node:crypto';

import { identifier } from '../sql-text.js';
import type { Column, TableDefinition } from '../table-definition.js';
import type { UndoRow } from './undo-row.js';
import { isRowOf, literalsOf } from './undo-row.js';

/** A statement that gives a row, found by its image, a value that no other row has. */
export type Room = (current: string) => string;

/**
 * How a row gives up its unique values, so that others can have them: for each column what to try
 * until one succeeds, since a check or a trigger may refuse a value.
 *
 * @param image of the row as it is
 */
export function roomStatements(row: UndoRow, image: string): readonly (readonly Room[])[] {
  const { table } = row;
  const target = `main.${identifier(table.name)}`;
  return givenUp(row, image).map((column) =>
    sparesOf(table, column).map(
      (spare) => (current) =>
        `UPDATE OR ABORT ${target} SET ${identifier(column.name)} = ${spare(current)} ` +
        `WHERE ${isRowOf(table, current)}`,
    ),
  );
}

/**
 * What the row must not have for long: of one that comes back, what is to change. Not what the row
 * is found by.
 */
function givenUp({ before, table }: UndoRow, image: string): readonly Column[] {
  const unique = new Set(table.uniqueIndexes.flatMap(({ inputs }) => inputs));
  for (const { name } of table.key) unique.delete(name);
  const now = literalsOf(table, image);
  const then = before === undefined ? undefined : literalsOf(table, before);
  return table.columns.filter(({ isGenerated, name }) => {
    if (isGenerated || !unique.has(name)) return false;
    return then === undefined || now.get(name) !== then.get(name);
  });
}

type Spare = (current: string) => string;

/** The likeliest first. */
function sparesOf(table: TableDefinition, column: Column): readonly Spare[] {
  const numbers = [
    beyond(table, column, 'max', '+ 1'),
    beyond(table, column, 'min', '- 1'),
    // Nothing is lost by it: to a number of that size 1 adds nothing.
    beyond(table, column, 'max', '* 2 + 1'),
    between(table, column),
  ];
  const texts = [hashed(column, ''), hashed(column, 'x')];
  const isText = /char|clob|text/i.test(column.type);
  const beside = isText ? [...texts, ...numbers] : [...numbers, ...texts];
  return column.isNullable ? [() => 'NULL', ...beside] : beside;
}

/** Beyond all numbers that there are; NULL where there are none. */
function beyond(table: TableDefinition, { name }: Column, end: 'max' | 'min', step: string): Spare {
  const column = `x.${identifier(name)}`;
  return () =>
    `(SELECT ${end}(${column}) ${step} FROM main.${identifier(table.name)} AS x ` +
    `WHERE typeof(${column}) IN ('integer', 'real'))`;
}

/** The first whole number that is free behind another one. */
function between(table: TableDefinition, { name }: Column): Spare {
  const [from, column] = [`main.${identifier(table.name)}`, identifier(name)];
  return () =>
    `(SELECT min(e.n) + 1 FROM (SELECT x.${column} AS n, lead(x.${column}) OVER ` +
    `(ORDER BY x.${column}) AS next FROM ${from} AS x ` +
    `WHERE typeof(x.${column}) = 'integer') AS e ` +
    `WHERE e.next - 1 > e.n)`;
}

/** @param prefix `x` for bytes */
const hashed =
  ({ name }: Column, prefix: '' | 'x'): Spare =>
  (current) =>
    `${prefix}'${createHash('sha256')
      .update(JSON.stringify([name, current]))
      .digest('hex')}'`;
