import { createHash } from 'node:crypto';

import type { Reference } from '../references.js';
import { identifier } from '../sql-text.js';
import type { Column, TableDefinition } from '../table-definition.js';
import { isRowOf } from './undo-row.js';

/** The statement that gives a row, found by its image, a value that no other row has. */
type RoomStatement = (current: string) => string;

/**
 * Statements that take unique values out of a row, so that others can have them.
 *
 * @returns for each column what to try until one succeeds: a check or a trigger may refuse a value
 */
export function roomStatements(
  references: readonly Reference[],
  table: TableDefinition,
): readonly (readonly RoomStatement[])[] {
  const target = `main.${identifier(table.name)}`;
  return givenUp(references, table).map((column) =>
    sparesOf(table, column).map(
      (spare) => (current) =>
        `UPDATE OR ABORT ${target} SET ${identifier(column.name)} = ${spare(current)} ` +
        `WHERE ${isRowOf(table, current)}`,
    ),
  );
}

/** Not those by which the row is found, or others refer to it: the change would be carried on. */
function givenUp(references: readonly Reference[], table: TableDefinition): readonly Column[] {
  const unique = new Set(
    table.uniqueIndexes.flatMap(({ columns }) => columns.map(({ name }) => name)),
  );
  for (const { name } of table.key) unique.delete(name);
  for (const { parent, referenced } of references) {
    if (parent.name === table.name) for (const { name } of referenced) unique.delete(name);
  }
  return table.columns.filter(({ isGenerated, name }) => !isGenerated && unique.has(name));
}

type Spare = (current: string) => string;

/** The likeliest first. */
function sparesOf(table: TableDefinition, column: Column): readonly Spare[] {
  const numbers = [
    beyond(table, column, 'max', '+'),
    beyond(table, column, 'min', '-'),
    between(table, column),
  ];
  const texts = [hashed(column, ''), hashed(column, 'x')];
  const isText = /char|clob|text/i.test(column.type);
  const beside = isText ? [...texts, ...numbers] : [...numbers, ...texts];
  return column.isNullable ? [() => 'NULL', ...beside] : beside;
}

/** Beyond all numbers that there are; NULL where there are none. */
function beyond(
  table: TableDefinition,
  { name }: Column,
  end: 'max' | 'min',
  sign: '+' | '-',
): Spare {
  const column = `x.${identifier(name)}`;
  return () =>
    `(SELECT ${end}(${column}) ${sign} 1 FROM main.${identifier(table.name)} AS x ` +
    `WHERE typeof(${column}) IN ('integer', 'real'))`;
}

/** The first whole number that is free behind another one. */
function between(table: TableDefinition, { name }: Column): Spare {
  const [from, column] = [`main.${identifier(table.name)}`, identifier(name)];
  return () =>
    `(SELECT min(x.${column}) + 1 FROM ${from} AS x WHERE typeof(x.${column}) = 'integer' ` +
    `AND NOT EXISTS (SELECT 1 FROM ${from} AS y WHERE y.${column} = x.${column} + 1))`;
}

/** @param prefix `x` for bytes */
const hashed =
  ({ name }: Column, prefix: '' | 'x'): Spare =>
  (current) =>
    `${prefix}'${createHash('sha256')
      .update(JSON.stringify([name, current]))
      .digest('hex')}'`;
