import { IMAGE_SETTING, IMAGE_TABLE_SETTING } from '../agreement.js';
import { rowKey } from '../row-key.js';
import { dollarQuoted, identifier, literal } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { functionName } from './capture-function.js';

/**
 * The function that has the last word when a row is restored, as SQL. Tables get it whose own
 * triggers change rows before they are written: an `updated_at` that is set to the time of the
 * rollback would not be the row's before image. It minds only the row that is being restored, since
 * triggers may write others meanwhile, of the same table or of one that has this trigger, too.
 */
export function restoreFunction(table: TableDefinition): string {
  const assignments = table.columns
    .filter((column) => column.generated === '')
    .map((column) => `    NEW.${identifier(column.name)} := image.${identifier(column.name)};`);
  return `CREATE OR REPLACE FUNCTION ${functionName('restore', table)}() RETURNS trigger
LANGUAGE plpgsql AS ${dollarQuoted(`DECLARE
  image ${table.name};
BEGIN
  IF current_setting('${IMAGE_TABLE_SETTING}', true) IS DISTINCT FROM ${literal(table.name)} THEN
    RETURN NEW;
  END IF;
  image := current_setting('${IMAGE_SETTING}')::${table.name};
  -- In brackets: PL/pgSQL ends the condition at the first THEN, which may be one of a CASE.
  IF (${rowKey(table, 'NEW')} = ${rowKey(table, 'image')}) THEN
${assignments.join('\n')}
  END IF;
  RETURN NEW;
END`)}`;
}
