import { createHash } from 'node:crypto';

import { identifier } from '../sql-text.js';
import type { Column, TableDefinition } from '../table-definition.js';
import { columnOf } from '../table-definition.js';
import type { SqlValue } from '../value-codec.js';
import { isRow } from './read-rows.js';
import type { UndoRow } from './undo-row.js';

/** The way to a value of the column that no row has: SQL, and its parameters. */
type Spare = (table: TableDefinition, column: Column, salt: string) => SqlValue;

/**
 * Statements that take unique values out of the row, so that others can have them.
 *
 * @param row whose `after` is its image as it is now
 * @returns for each column what to try until one succeeds: a check or a trigger may refuse a value
 */
export function roomStatements(row: UndoRow): readonly (readonly SqlValue[])[] {
  const { table } = row;
  const name = identifier(table.name);
  const where = isRow(row, name);
  return givenUp(table).map((column) =>
    sparesOf(column).map((spare) => {
      const { sql, values } = spare(table, column, row.pk);
      return {
        sql: `UPDATE ${name} SET ${identifier(column.name)} = ${sql} WHERE ${where.sql}`,
        values: [...values, ...where.values],
      };
    }),
  );
}

/** Not those by which the row is found, or others refer to it: the change would be carried on. */
function givenUp(table: TableDefinition): readonly Column[] {
  const unique = new Set(table.uniques.flatMap(({ parts }) => parts.map(({ column }) => column)));
  for (const name of table.key) unique.delete(name);
  for (const { parentColumns } of table.referrers)
    for (const name of parentColumns) unique.delete(name);
  return [...unique].map((name) => columnOf(table, name)).filter(({ isGenerated }) => !isGenerated);
}

/** The likeliest first. */
function sparesOf(column: Column): readonly Spare[] {
  const beside = BESIDE.find(({ types }) => types.test(column.dataType))?.spares ?? [];
  return [...(column.isNullable ? [nothing] : []), ...beside];
}

const nothing: Spare = () => ({ sql: 'NULL', values: [] });

/** Beyond all that there are; behind a derived table, since the table is written to. */
const beyond =
  (end: 'MAX' | 'MIN', step: string): Spare =>
  (table, { name }) => ({
    sql:
      `(SELECT e.spare FROM (SELECT ${end}(${identifier(name)}) ${step} AS spare ` +
      `FROM ${identifier(table.name)}) AS e)`,
    values: [],
  });

/** The first number that is free behind another one. */
const between =
  (toNumber: '' | ' + 0'): Spare =>
  (table, { name }) => {
    const [from, column] = [identifier(table.name), `${identifier(name)}${toNumber}`];
    return {
      sql:
        `(SELECT e.spare FROM (SELECT MIN(x.${column}) + 1 AS spare FROM ${from} AS x WHERE ` +
        `NOT EXISTS (SELECT 1 FROM ${from} AS y WHERE y.${column} = x.${column} + 1)) AS e)`,
      values: [],
    };
  };

const zero: Spare = () => ({ sql: '0', values: [] });

/** It must fit into the column, and only short ones can meet a value that is there. */
const hashed =
  (attempt: string, toSql: (length: string) => string): Spare =>
  (table, { columnType, name }, salt) => ({
    sql: toSql(/\((\d+)\)/.exec(columnType)?.[1] ?? '32'),
    values: [
      createHash('sha256')
        .update(JSON.stringify([table.name, name, salt, attempt]))
        .digest('hex'),
    ],
  });

const text = (length: string): string => `LEFT(?, ${length})`;
const bytes = (length: string): string => `LEFT(UNHEX(?), ${length})`;

const BESIDE: readonly { readonly types: RegExp; readonly spares: readonly Spare[] }[] = [
  { types: /char|text/, spares: ['1', '2', '3'].map((attempt) => hashed(attempt, text)) },
  { types: /binary|blob/, spares: ['1', '2', '3'].map((attempt) => hashed(attempt, bytes)) },
  {
    types: /int|decimal|year/,
    spares: [beyond('MAX', '+ 1'), beyond('MIN', '- 1'), between('')],
  },
  { types: /^(?:enum|set|bit)$/, spares: [zero, between(' + 0')] },
  { types: /float|double/, spares: [beyond('MAX', '* 2 + 1'), beyond('MIN', '- 1')] },
  {
    types: /^date|timestamp/,
    spares: [beyond('MAX', '+ INTERVAL 1 DAY'), beyond('MIN', '- INTERVAL 1 DAY')],
  },
  {
    types: /^time$/,
    spares: ['+', '-'].map((sign) =>
      beyond(sign === '+' ? 'MAX' : 'MIN', `${sign} INTERVAL 1 SECOND`),
    ),
  },
  { types: /^uuid$/, spares: [() => ({ sql: 'UUID()', values: [] })] },
];
