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
  const numbers = [beyond(table, column, 'max', '+'), beyond(table, column, 'min', '-')];
  const texts = [hashed(column)];
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

const hashed =
  ({ name }: Column): Spare =>
  (current) =>
    `'${createHash('sha256')
      .update(JSON.stringify([name, current]))
      .digest('hex')}'`;
