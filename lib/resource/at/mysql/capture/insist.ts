import { ASCII, RESTORED, RESTORED_OF } from '../agreement.js';
import { identifier, literal } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { storedColumns } from '../table-definition.js';
import { restoreFromSql } from '../value-codec.js';

/**
 * SQL of a trigger behind all others of its kind, for a row that is restored: what triggers of the
 * application have made of it, such as another revision, it sets back. For no other row, since a
 * trigger that fires meanwhile may update one.
 */
export function insistOnImage(table: TableDefinition): string {
  const sets = storedColumns(table).map((column, index) => {
    const place = String(index + 1);
    return `SET part = SUBSTRING_INDEX(SUBSTRING_INDEX(image, ',', ${place}), ',', -1);
    SET NEW.${identifier(column.name)} = ${restoreFromSql(column, 'part')};`;
  });
  return `IF ${RESTORED_OF} = ${literal(table.name)} THEN BEGIN
    DECLARE image longtext ${ASCII} DEFAULT ${RESTORED};
    DECLARE part longtext ${ASCII};
    ${sets.join('\n    ')}
  END; END IF;`;
}
