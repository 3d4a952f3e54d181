import { imageSql } from '../row-image.js';
import { identifier } from '../sql-text.js';
import type { Column, TableDefinition } from '../table-definition.js';
import { storedColumns } from '../table-definition.js';

/*
 * MariaDB calls the triggers behind an update for rows that it has not written, too, with the
 * values that they were to have. There are two kinds of those:
 *
 * - UPDATE IGNORE has met another row with that key, or a foreign key.
 * - The update sets the row to what it is, so nothing is written, and not the time that
 *   ON UPDATE CURRENT_TIMESTAMP has put into NEW either.
 *
 * What is in the table tells, but a look at it costs as much as the undo row. So it is taken only
 * where an update may be of those kinds.
 */

/**
 * SQL that is true where an update may have left the row as it is, its primary key included;
 * undefined where none can.
 */
export function mayBeUnwritten(table: TableDefinition): string | undefined {
  const reasons = [...changesWhatMayCollide(table), ...changesOnlyItsTime(table)];
  return reasons.length === 0 ? undefined : reasons.join(' OR ');
}

/** SQL that is true where the row is as it was, in the hands of the update. */
export function isUnwritten(table: TableDefinition, oldImage: string): string {
  const key = table.key.map((name) => `stored.${identifier(name)} = OLD.${identifier(name)}`);
  // The image as well: a key in another spelling finds the row, whatever the update has done.
  return `EXISTS (SELECT 1 FROM ${identifier(table.name)} AS stored
      WHERE ${key.join(' AND ')}
        AND CONVERT(${imageSql(table, 'stored')} USING ascii) COLLATE ascii_bin = ${oldImage}
      LOCK IN SHARE MODE)`;
}

function changesWhatMayCollide(table: TableDefinition): readonly string[] {
  // The catalogue does not say what an index over an expression is made of.
  if (table.uniques.some(({ parts }) => parts.length === 0)) return ['TRUE'];
  const colliding = new Set([
    ...table.uniques.flatMap(({ parts }) => parts.map(({ column }) => column)),
    ...table.references.flatMap(({ childColumns }) => childColumns),
  ]);
  const referred = new Set(table.referrers.flatMap(({ parentColumns }) => parentColumns));
  return table.columns.flatMap((column) => {
    // InnoDB refuses even another spelling of what others refer to.
    if (referred.has(column.name)) return [`NOT ${hasSameBytes(column)}`];
    return colliding.has(column.name) ? [`NOT ${isSame(column)}`] : [];
  });
}

function changesOnlyItsTime(table: TableDefinition): readonly string[] {
  const columns = storedColumns(table);
  if (!columns.some(({ notesUpdates }) => notesUpdates)) return [];
  // A change of the spelling counts as none here: then the look is taken in vain.
  const others = columns.filter(({ notesUpdates }) => !notesUpdates).map(isSame);
  return [others.length === 0 ? 'TRUE' : `(${others.join(' AND ')})`];
}

function isSame({ name }: Column): string {
  return `(OLD.${identifier(name)} <=> NEW.${identifier(name)})`;
}

function hasSameBytes({ name }: Column): string {
  return `(HEX(OLD.${identifier(name)}) <=> HEX(NEW.${identifier(name)}))`;
}
