import { createHash } from 'node:crypto';

import { partsOf } from '../row-image.js';
import { identifier } from '../sql-text.js';
import type { Column, ForeignKey, TableDefinition } from '../table-definition.js';
import { inputsOf, storedColumns } from '../table-definition.js';
import type { SqlValue } from '../value-codec.js';
import { isRow } from './read-rows.js';
import { isActive, nobodyRefers } from './restore-statement.js';
import type { UndoRow } from './undo-row.js';

/** The way to a value of the column that no row has: SQL, and its parameters. */
type Spare = (table: TableDefinition, column: Column, salt: string) => SqlValue;

/** How a row gives up the value of a column. */
export interface Room {
  readonly column: Column;
  /** What to try until one succeeds: a check or a trigger may refuse a value. */
  readonly spares: readonly SqlValue[];
}

/**
 * Statements that take unique values out of the row, so that others can have them.
 *
 * @param row whose `after` is its image as it is now
 */
export function roomStatements(row: UndoRow): readonly Room[] {
  const { table } = row;
  const name = identifier(table.name);
  const where = isRow(row, name);
  return givenUp(row).map((column) => {
    const conditions = [where.sql, ...notCarriedOn(table, column)].join(' AND ');
    const spares = sparesOf(column).map((spare) => {
      const { sql, values } = spare(table, column, row.pk);
      return {
        sql: `UPDATE ${name} SET ${identifier(column.name)} = ${sql} WHERE ${conditions}`,
        values: [...values, ...where.values],
      };
    });
    return { column, spares };
  });
}

/** SQL of what keeps the column as it is: rows that would have to follow it. */
function notCarriedOn(table: TableDefinition, column: Column): readonly string[] {
  return table.referrers
    .filter((reference) => followed(table, reference).includes(column.name))
    .map((reference) => nobodyRefers(table, reference));
}

/**
 * Whether rows may have followed another column than the one that was given up: a trigger of the
 * application has changed it along.
 */
export function mayBeFollowed(
  table: TableDefinition,
  column: Column,
  [before, after]: readonly [string, string],
): boolean {
  const [then, now] = [partsOf(table, before), partsOf(table, after)];
  return table.referrers
    .map((reference) => followed(table, reference))
    .filter((names) => !names.includes(column.name))
    .some((names) =>
      storedColumns(table).some(
        (other) => names.includes(other.name) && then.get(other) !== now.get(other),
      ),
    );
}

/** The columns whose values the foreign key carries on to rows that refer to them. */
function followed(
  table: TableDefinition,
  { onUpdate, parentColumns }: ForeignKey,
): readonly string[] {
  return isActive(onUpdate) ? parentColumns.flatMap((name) => inputsOf(table, name)) : [];
}

/**
 * What the row must not have for long: of one that comes back, what is to change. Not what the row
 * is found by.
 */
function givenUp({ after, before, table }: UndoRow): readonly Column[] {
  const unique = new Set(
    table.uniques.flatMap(({ parts }) => parts.flatMap(({ column }) => inputsOf(table, column))),
  );
  const kept = new Set(table.key);
  const [now, then] = [after, before].map((image) => image && partsOf(table, image));
  return storedColumns(table).filter((column) => {
    if (!unique.has(column.name) || kept.has(column.name)) return false;
    return !now || !then || now.get(column) !== then.get(column);
  });
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

/** The first number that is free behind another one. Not beyond the last, which may be the end. */
const between =
  (toNumber: '' | ' + 0'): Spare =>
  (table, { name }) => ({
    sql:
      `(SELECT MIN(e.n) + 1 FROM (SELECT n, LEAD(n) OVER (ORDER BY n) AS next FROM ` +
      `(SELECT ${identifier(name)}${toNumber} AS n FROM ${identifier(table.name)}) AS v) AS e ` +
      `WHERE e.next - 1 > e.n)`,
    values: [],
  });

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
