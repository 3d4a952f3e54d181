import { createHash } from 'node:crypto';

import {
  FENCED_SETTING,
  RELEASED_SETTING,
  SCHEMA,
  TAG_SETTING,
  UNDOING_SETTING,
  WRITTEN_STATE,
} from '../agreement.js';
import { rowsOf, storedImage, triggerImage } from '../row-image.js';
import { rowKey, sameKey } from '../row-key.js';
import { dollarQuoted, literal } from '../sql-text.js';
import type { Column, TableDefinition } from '../table-definition.js';
import { shapeOf } from '../table-definition.js';
import { guardReferences } from './foreign-keys.js';
import type { TriggerRow } from './lock-rows.js';
import { pinnedSettings } from './pinned-settings.js';
import { holdUniqueValues, lockedIndexes } from './unique-values.js';

/**
 * The function that captures one table, as SQL. It is made for the table, so that nothing in it is
 * dynamic: each statement is planned once per connection.
 *
 * It runs with the rights of whoever installed it. The application's role, the owner of a table
 * that a foreign key cascades to, and the owner of a function that writes are not the same role,
 * and none of them may need, or have, rights on the undo rows: who can forge one decides what a
 * rollback writes.
 */
export function captureFunction(table: TableDefinition): string {
  const settings = ['search_path = pg_catalog, pg_temp', ...pinnedSettings(textColumns(table))];
  return [
    `CREATE OR REPLACE FUNCTION ${functionName('capture', table)}() RETURNS trigger`,
    'LANGUAGE plpgsql SECURITY DEFINER',
    ...settings.map((setting) => `SET ${setting}`),
    `AS ${dollarQuoted(body(table))}`,
  ].join('\n');
}

/**
 * Whatever is turned into text: columns, expressions of indexes, and columns that are referred to.
 */
function textColumns(table: TableDefinition): readonly Column[] {
  const indexes = [...lockedIndexes(table), ...table.references];
  return [...table.columns, ...indexes.flatMap(({ parts }) => parts)];
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
  return `#variable_conflict use_column
DECLARE
  tag text := coalesce(current_setting('${TAG_SETTING}', true), '');
  own_xid text := split_part(tag, '/', 1);
  own_branch bigint := nullif(split_part(tag, '/', 2), '');
  -- Under the global lock alone, or from outside: nothing is recorded, and nobody may hold it.
  is_check boolean := own_branch IS NULL;
  old_key text := CASE WHEN TG_OP <> 'INSERT' THEN ${rowKey(table, 'OLD')} END;
  new_key text := CASE WHEN TG_OP <> 'DELETE' THEN ${rowKey(table, 'NEW')} END;
  current_image text;
  current_place tid;
  old_value text;
  new_value text;
  is_found boolean;
BEGIN
  IF current_setting('${RELEASED_SETTING}', true) <> '' THEN
    PERFORM dtx.take_over(${literal(table.name)}, old_key, new_key);
  END IF;
  IF is_check THEN
${checkRow(table)}
  ELSE
${recordRow(table)}
  END IF;
${[holdUniqueValues(table), guardReferences(table)].filter((text) => text !== '').join('\n')}
  RETURN NULL;
END`;
}

function checkRow(table: TableDefinition): string {
  const name = literal(table.name);
  return `    IF old_key IS NOT NULL THEN
      PERFORM dtx.assert_free(${name}, old_key);
    END IF;
    IF new_key IS DISTINCT FROM old_key AND new_key IS NOT NULL THEN
      PERFORM dtx.assert_free(${name}, new_key);
    END IF;`;
}

function recordRow(table: TableDefinition): string {
  return `\
  -- Once per local transaction. A savepoint takes the row and the mark back together. Not "on
  -- conflict": a tombstone of phase two has to make this fail.
  IF current_setting('${FENCED_SETTING}', true) IS DISTINCT FROM tag THEN
    IF current_setting('${UNDOING_SETTING}', true) = 'on' THEN
${recordEcho(table)}
      RETURN NULL;
    END IF;
    INSERT INTO dtx.branch_fence (xid, branch) VALUES (own_xid, own_branch);
    -- An assignment is evaluated at once; PERFORM would run a query.
    tag := set_config('${FENCED_SETTING}', tag, true);
    -- The client cannot see that anything else than these three has written.
    IF upper(left(ltrim(left(current_query(), 64), E' \\t\\r\\n'), 6))
        NOT IN ('INSERT', 'UPDATE', 'DELETE') THEN
      RAISE INFO 'a statement of global transaction % has written', own_xid
        USING ERRCODE = '${WRITTEN_STATE}';
    END IF;
  END IF;
  IF old_key <> new_key THEN
    -- The row has moved to another key: to whoever locks keys, one row went and another one came.
${recordChange(table, { key: 'old_key', found: 'OLD', left: undefined, current: 'OLD' })}
${recordChange(table, { key: 'new_key', found: undefined, left: 'NEW', current: 'NEW' })}
  ELSIF TG_OP = 'DELETE' THEN
${recordChange(table, { key: 'old_key', found: 'OLD', left: undefined, current: 'OLD' })}
  ELSE
${recordChange(table, { key: 'new_key', found: 'OLD', left: 'NEW', current: 'NEW' })}
  END IF;`;
}

/** The rows that are being restored are written by no trigger. */
function recordEcho(table: TableDefinition): string {
  const record = (key: string, before: string, after: string): string =>
    `PERFORM dtx.record_echo(${literal(table.name)}, ${key}, own_xid, ${shapeOf(table)},
          ${before}, ${after});`;
  const [before, after] = [triggerImage(table, 'OLD'), triggerImage(table, 'NEW')];
  return `\
      IF pg_trigger_depth() = 1 THEN
        NULL;
      ELSIF old_key <> new_key THEN
        ${record('old_key', before, 'NULL')}
        ${record('new_key', 'NULL', after)}
      ELSE
        ${record('coalesce(new_key, old_key)', before, after)}
      END IF;`;
}

/** What happened to the row of one key. */
interface Change {
  readonly key: string;
  /** The version that the change found, if there was one. OLD is NULL when a row is inserted. */
  readonly found: TriggerRow | undefined;
  /** The version that it left. */
  readonly left: TriggerRow | undefined;
  /** Either one, to find the row by. */
  readonly current: TriggerRow;
}

/**
 * Adds the change to the undo row of its key. Changes of one row fold into one: the first before
 * image stays, the last after image counts, and an image that is NULL says that there is no row.
 *
 * Here a change is folded only when the version that it found is the one that is recorded as the
 * last, by its place and by its text. Otherwise the undo row is another transaction's, or the order
 * needs a closer look.
 */
function recordChange(table: TableDefinition, { key, found, left, current }: Change): string {
  const name = literal(table.name);
  const before = found === undefined ? 'NULL' : triggerImage(table, found);
  const after = left === undefined ? 'NULL' : triggerImage(table, left);
  const born = found === undefined ? 'NULL::xid' : `${found}.xmin`;
  const place = found === undefined ? 'NULL::tid' : `${found}.ctid`;
  const head = left === undefined ? 'NULL::tid' : `${left}.ctid`;
  return `    INSERT INTO dtx.undo_row AS held
      (tbl, pk, xid, branch, shape, before, born, after, head)
    VALUES (${name}, ${key}, own_xid, own_branch, ${shapeOf(table)},
      ${before}, ${born}, ${after}, ${head})
    ON CONFLICT (tbl, pk) DO UPDATE SET after = excluded.after, head = excluded.head
    WHERE held.xid = excluded.xid AND held.head = ${place} AND held.after = excluded.before;
    IF NOT FOUND THEN
      PERFORM dtx.assert_held(${name}, ${key}, own_xid);
      SELECT ${storedImage(table, 'stored')}, stored.ctid INTO current_image, current_place
      FROM ${rowsOf(table)} AS stored WHERE ${sameKey(table, 'stored', current)};
      PERFORM dtx.fold_change(${name}, ${key}, own_branch,
        ${before}, ${born}, current_image, current_place);
    END IF;`;
}
