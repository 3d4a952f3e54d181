import type { TableModel } from '../model.js';
import type { Expressions, Writer } from '../writer.js';
import { keyOf } from '../writer.js';

/** Beyond so many rows a table grows no further most of the time. */
export const ROWS_LARGE = 150;

export const names = (table: TableModel, columns: readonly number[]): string =>
  columns.map((column) => table.columns[column]?.quoted ?? '').join(', ');

export const values = (row: Expressions, columns: readonly number[]): string =>
  columns.map((column) => row[column] ?? 'NULL').join(', ');

export function returning({ dialect, rng }: Writer, verb: 'insert' | 'update' | 'delete'): string {
  return dialect.returning.has(verb) && rng.chance(0.15) ? ' RETURNING *' : '';
}

export const insertHead = (
  { dialect }: Writer,
  table: TableModel,
  columns: readonly number[],
  verb = 'INSERT',
): string => `${verb} INTO ${table.sql} (${names(table, columns)})${dialect.behindColumns}`;

/** Mostly columns that are no key; an identity that is ALWAYS cannot be set. */
export function assignments(
  writer: Writer,
  table: TableModel,
  prefix = '',
  mayMoveKey = true,
): string {
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
    const { isNumber = false, quoted = '' } = table.columns[column] ?? {};
    if (rng.chance(0.06)) return `${quoted} = ${prefix}${quoted}`;
    if (isNumber && rng.chance(0.3)) return `${quoted} = ${prefix}${quoted} + ${rng.whole(1, 9)}`;
    return `${quoted} = ${fresh[column] ?? 'NULL'}`;
  });
  return sets.join(', ');
}

/** Rows from a key on; without one, all. */
export function range(writer: Writer, table: TableModel): string | undefined {
  const row = writer.row(table);
  const column = keyOf(table)?.columns[0];
  if (row === undefined || column === undefined) return undefined;
  if (writer.rng.chance(0.15)) return 'true';
  const operator = writer.rng.pick(['<=', '>=']);
  return `${table.columns[column]?.quoted ?? ''} ${operator} ${row[column] ?? ''}`;
}

/** A reference of the table, a row that it leads to, and SQL that joins `a` to `p` by it. */
export interface Join {
  readonly parents: TableModel;
  readonly parent: Expressions;
  readonly on: string;
}

export function joinOf(writer: Writer, table: TableModel): Join | undefined {
  if (table.references.length === 0) return undefined;
  const { columns, target, targetColumns } = writer.rng.pick(table.references);
  const parents = writer.model.tables.find(({ name }) => name === target);
  const parent = parents && writer.row(parents);
  if (!parents || !parent || !keyOf(parents)) return undefined;
  const on = columns.map((column, index) => {
    const referred = parents.columns[targetColumns[index] ?? -1];
    return `a.${table.columns[column]?.quoted ?? ''} = p.${referred?.quoted ?? ''}`;
  });
  return { parents, parent, on: on.join(' AND ') };
}

/** A new row, with the primary key of another one if there is one. */
export function underKeyOf(
  writer: Writer,
  table: TableModel,
  other: Expressions | undefined | false,
): Expressions {
  const fresh = [...writer.newRow(table)];
  if (!other) return fresh;
  for (const column of keyOf(table)?.columns ?? []) fresh[column] = other[column] ?? 'NULL';
  return fresh;
}
