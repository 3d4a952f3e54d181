import { identifier } from '../sql-text.js';
import type { ForeignKey, TableDefinition } from '../table-definition.js';
import type { Tables } from './locks-of-row.js';
import { refuse } from './record.js';

const isActive = (rule: string): boolean => rule === 'CASCADE' || rule === 'SET NULL';

/**
 * SQL that does what foreign keys would do to other rows when one is deleted: what the database
 * does by itself fires no triggers. Behind it nothing is left for the database to do. Rows of the
 * same table cannot be changed from here, and those of another database are not captured.
 */
export function cascadeDelete(table: TableDefinition, tables: Tables): readonly string[] {
  return table.referrers
    .filter(({ onDelete }) => isActive(onDelete))
    .map((reference) => {
      const isOwn = reference.child === table.name || reference.childSchema !== table.schema;
      if (isOwn) return refuseWhereReferred(table, reference, 'cascade');
      const child = identifier(reference.child);
      if (reference.onDelete === 'CASCADE') {
        return `DELETE FROM ${child} WHERE ${refersToOld(reference, child)};`;
      }
      const nulls = reference.childColumns.map((column) => `${identifier(column)} = NULL`);
      const sets = [...nulls, ...keepsTimes(tables.get(reference.child))];
      return `UPDATE ${child} SET ${sets.join(', ')} WHERE ${refersToOld(reference, child)};`;
    });
}

/** A cascade of the database is no update for ON UPDATE CURRENT_TIMESTAMP. */
function keepsTimes(child: TableDefinition | undefined): readonly string[] {
  const columns = child?.columns.filter(({ notesUpdates }) => notesUpdates) ?? [];
  return columns.map(({ name }) => `${identifier(name)} = ${identifier(name)}`);
}

/** SQL that refuses to change a referenced key from which the database would go on by itself. */
export function cascadeUpdate(table: TableDefinition): readonly string[] {
  return table.referrers
    .filter(({ onUpdate }) => isActive(onUpdate))
    .map((reference) => {
      const changed = reference.parentColumns.map(
        (column) => `NOT (HEX(OLD.${identifier(column)}) <=> HEX(NEW.${identifier(column)}))`,
      );
      return `IF ${changed.join(' OR ')} THEN
    ${refuseWhereReferred(table, reference, 'key')}
    END IF;`;
    });
}

function refuseWhereReferred(
  table: TableDefinition,
  reference: ForeignKey,
  reason: 'cascade' | 'key',
): string {
  const child = `${identifier(reference.childSchema)}.${identifier(reference.child)}`;
  const isOwn = reference.child === table.name && reference.childSchema === table.schema;
  // A row that refers to itself goes with itself.
  const others = table.key.map((name) => `other.${identifier(name)} = OLD.${identifier(name)}`);
  const condition = isOwn ? ` AND NOT (${others.join(' AND ')})` : '';
  return `IF EXISTS (SELECT 1 FROM ${child} AS other
      WHERE ${refersToOld(reference, 'other')}${condition} LOCK IN SHARE MODE) THEN
      ${refuse(reason, table.name)}
    END IF;`;
}

function refersToOld({ childColumns, parentColumns }: ForeignKey, child: string): string {
  return childColumns
    .map((column, index) => {
      const parent = identifier(parentColumns[index] ?? '');
      return `${child}.${identifier(column)} = OLD.${parent}`;
    })
    .join(' AND ');
}
