import { valueLiteral } from './row-key.js';
import { identifier } from './sql-text.js';
import type { TableDefinition } from './table-definition.js';
import { storedColumns } from './table-definition.js';

/**
 * SQL of the image of a row: its values as a list of SQL literals. Written and read by SQLite
 * alone, since JavaScript has no whole numbers beyond 2^53 and no text that is not Unicode.
 *
 * @param row `NEW`, `OLD` or an alias
 */
export function rowImage(table: TableDefinition, row: string): string {
  const values = storedColumns(table).map((name) => valueLiteral(`${row}.${identifier(name)}`));
  return `(${values.join(` || ',' || `)})`;
}

const NUMBER = String.raw`-?\d+|-?\d+\.\d*(?:e[+-]?\d+)?`;
const LITERAL = String.raw`(?:NULL|${NUMBER}|X'[0-9A-F]*'|CAST\(X'[0-9A-F]*' AS TEXT\))`;
const IMAGE = new RegExp(`^${LITERAL}(?:,${LITERAL})*$`);

/** An image becomes part of a statement, so nothing else may stand in it. */
export function assertImage(image: string): string {
  if (!IMAGE.test(image)) throw new Error('an image in dtx_undo_row is not a list of literals');
  return image;
}

/** Values of an image by column, as a person reads them; null for NULL. */
export function readImage(
  table: TableDefinition,
  image: string,
): Readonly<Record<string, string | null>> {
  const values = image.split(',');
  return Object.fromEntries(
    storedColumns(table).map((name, index) => [name, readLiteral(values[index] ?? 'NULL')]),
  );
}

function readLiteral(text: string): string | null {
  if (text === 'NULL') return null;
  const hex = /^CAST\(X'([0-9A-F]*)' AS TEXT\)$/.exec(text)?.[1];
  return hex === undefined ? text : Buffer.from(hex, 'hex').toString('utf8');
}
