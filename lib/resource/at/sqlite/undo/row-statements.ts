import { rowsOf } from '../read-rows.js';
import { assertImage, rowImage } from '../row-image.js';
import { identifier, literal } from '../sql-text.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';
import type { TableDefinition } from '../table-definition.js';
import { storedColumns } from '../table-definition.js';
import { isRowOf, literalsOf } from './undo-row.js';

/** The row of the image's key as it is now; undefined where there is none. */
export function currentImage(
  database: SqliteDatabase,
  table: TableDefinition,
  image: string,
): string | undefined {
  const [row] = rowsOf<{ image: string }>(
    database,
    `SELECT ${rowImage(table, 't')} AS image FROM main.${identifier(table.name)} AS t
     WHERE ${isRowOf(table, image, 't.')}`,
  );
  return row?.image;
}

/** The conflict clause is said aloud: the table may have another one, which would replace rows. */
export function insertRow(table: TableDefinition, image: string): string {
  const columns = storedColumns(table).map(identifier).join(', ');
  const values = assertImage(image);
  return `INSERT OR ABORT INTO main.${identifier(table.name)} (${columns}) VALUES (${values})`;
}

export function deleteRow(table: TableDefinition, image: string): string {
  return `DELETE FROM main.${identifier(table.name)} WHERE ${isRowOf(table, image)}`;
}

/** Only what differs is named: triggers that are for other columns (UPDATE OF) stay silent. */
export function updateRow(table: TableDefinition, current: string, image: string): string {
  const now = literalsOf(table, current);
  const changed = [...literalsOf(table, image)].filter(([name, value]) => now.get(name) !== value);
  const sets = changed.map(([name, value]) => `${identifier(name)} = ${value}`).join(', ');
  const target = `main.${identifier(table.name)}`;
  return `UPDATE OR ABORT ${target} SET ${sets} WHERE ${isRowOf(table, current)}`;
}

/**
 * A trigger that gives the row its image again when a trigger of the user has changed it. While
 * triggers are not recursive, that change does not fire the user's trigger once more.
 */
export function insistingTrigger(name: string, table: TableDefinition, image: string): string {
  const target = identifier(table.name);
  const columns = storedColumns(table).map(identifier).join(', ');
  return (
    `CREATE TRIGGER ${name} AFTER UPDATE ON main.${target} ` +
    `WHEN ${rowImage(table, 'NEW')} IS NOT ${literal(image)} BEGIN ` +
    `UPDATE OR ABORT ${target} SET (${columns}) = (${assertImage(image)}) ` +
    `WHERE ${isRowOf(table, image)}; END`
  );
}
