import { createHash } from 'node:crypto';

import { FENCED_SETTING, SCHEMA, TAG_SETTING, WRITTEN_STATE } from '../agreement.js';
import { rowsOf, storedImage, triggerImage } from '../row-image.js';
import { rowKey } from '../row-key.js';
import { dollarQuoted, identifier, literal } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { columnOf, shapeOf } from '../table-definition.js';
import { pinnedSettings } from './pinned-settings.js';

/**
 * The function that captures one table, as SQL. It is made for the table, so that nothing in it is
 * dynamic: each statement is planned once per connection.
 *
 * It runs with the rights of whoever installed it. The application's role, the owner of a table that
 * a foreign key cascades to, and the owner of a function that writes are not the same role, and none
 * of them may need, or have, rights on the undo rows: who can forge one decides what a rollback
 * writes.
 */
export function captureFunction(table: TableDefinition): string {
  const settings = ['search_path = pg_catalog, pg_temp', ...pinnedSettings(table.columns)];
  return [
    `CREATE OR REPLACE FUNCTION ${functionName('capture', table)}() RETURNS trigger`,
    'LANGUAGE plpgsql SECURITY DEFINER',
    ...settings.map((setting) => `SET ${setting}`),
    `AS ${dollarQuoted(body(table))}`,
  ].join('\n');
}

/** Name of a function that is made for one table, with its schema. It fits into 63 bytes. */
export function functionName(role: 'capture' | 'restore', table: TableDefinition): string {
  const readable = table.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  const digest = createHash('sha256').update(table.name).digest('hex').slice(0, 8);
  return `${SCHEMA}.${role}_${readable}_${digest}`;
}

function body(table: TableDefinition): string {
  return `DECLARE
  tag text := current_setting('${TAG_SETTING}');
  own_xid text := split_part(tag, '/', 1);
  own_branch bigint := split_part(tag, '/', 2);
  old_key text := CASE WHEN TG_OP <> 'INSERT' THEN ${rowKey(table, 'OLD')} END;
  new_key text := CASE WHEN TG_OP <> 'DELETE' THEN ${rowKey(table, 'NEW')} END;
BEGIN
  -- Once per local transaction. A savepoint takes the row and the mark back together. Not "on
  -- conflict": a tombstone of phase two has to make this fail.
  IF current_setting('${FENCED_SETTING}', true) IS DISTINCT FROM tag THEN
    INSERT INTO dtx.branch_fence (xid, branch) VALUES (own_xid, own_branch);
    PERFORM set_config('${FENCED_SETTING}', tag, true);
    -- The client cannot see that anything else than these three has written.
    IF upper(left(ltrim(left(current_query(), 64), E' \\t\\r\\n'), 6))
        NOT IN ('INSERT', 'UPDATE', 'DELETE') THEN
      RAISE INFO 'a statement of global transaction % has written', own_xid
        USING ERRCODE = '${WRITTEN_STATE}';
    END IF;
  END IF;
  IF old_key <> new_key THEN
    -- The row has moved to another key: to whoever locks keys, one row went and another one came.
${recordChange(table, { key: 'old_key', before: triggerImage(table, 'OLD'), after: 'NULL' })}
${recordChange(table, { key: 'new_key', before: 'NULL', after: triggerImage(table, 'NEW') })}
  ELSE
${recordChange(table, {
  key: 'coalesce(new_key, old_key)',
  before: triggerImage(table, 'OLD'),
  after: triggerImage(table, 'NEW'),
})}
  END IF;
  RETURN NULL;
END`;
}

interface Change {
  readonly key: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Adds the change to the undo row of its key. Changes of one row fold into one: the first before
 * image stays, the last after image counts, and an image that is NULL says that there is no row.
 *
 * Only a change that follows on what is stored is folded here. Two more are possible: the row is
 * another transaction's, or the trigger of a row was called out of order, since a trigger of the
 * user has changed it again before its turn came. dtx.fold_change tells them apart; a change that
 * would undo what is stored fits both ways, so it goes there too.
 */
function recordChange(table: TableDefinition, { key, before, after }: Change): string {
  const name = literal(table.name);
  return `    INSERT INTO dtx.undo_row AS held (tbl, pk, xid, branch, shape, before, after)
    VALUES (${name}, ${key}, own_xid, own_branch, ${shapeOf(table)},
      ${before}, ${after})
    ON CONFLICT (tbl, pk) DO UPDATE SET after = excluded.after
    WHERE held.xid = excluded.xid AND held.after IS NOT DISTINCT FROM excluded.before
      AND held.before IS DISTINCT FROM excluded.after;
    IF NOT FOUND THEN
      PERFORM dtx.assert_held(${name}, ${key}, own_xid);
      PERFORM dtx.fold_change(${name}, ${key},
        ${before}, ${after},
        ${currentImage(table, key)});
    END IF;`;
}

/** The row as it stands now, which tells what came last. */
function currentImage(table: TableDefinition, key: string): string {
  const row = key === 'old_key' ? 'OLD' : 'NEW';
  const found = `(SELECT ${storedImage(table, 'stored')} FROM ${rowsOf(table)} AS stored WHERE `;
  const ofRow = (name: string): string => `${found}${equalKey(table, 'stored', name)})`;
  return row === 'OLD' || key === 'new_key'
    ? ofRow(row)
    : `CASE WHEN TG_OP = 'DELETE' THEN ${ofRow('OLD')} ELSE ${ofRow('NEW')} END`;
}

/** Operators of types that are not the system's are not visible here, so those compare as text. */
function equalKey(table: TableDefinition, left: string, right: string): string {
  const equalities = table.key.map((name) => {
    const column = identifier(name);
    const cast = columnOf(table, name).scalarType.startsWith('pg_catalog.') ? '' : '::text';
    return `${left}.${column}${cast} = ${right}.${column}${cast}`;
  });
  return equalities.join(' AND ');
}
