import { FUNCTIONS, TRIGGER_PREFIX, UNDO_TABLE } from '../agreement.js';
import { indexKey } from '../index-values.js';
import { rowImage } from '../row-image.js';
import { rowKey } from '../row-key.js';
import { identifier, literal } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { refusalReason, shapeOf } from '../table-definition.js';
import type { Reference } from '../references.js';
import type { RowEvent } from './lock-statement.js';
import { rowsAt } from './lock-statement.js';
import { guardDeletedParent, guardInsertedParent, presenceLocks } from './reference-locks.js';
import { indexLocks, indexName, lockableIndexes } from './unique-locks.js';

const EVENTS: readonly RowEvent[] = ['INSERT', 'UPDATE', 'DELETE'];

/**
 * The triggers that capture one table, as SQL. They are temporary: they stand in the connection,
 * and nothing of ours on the user's table. Temporary triggers fire before the user's own, so
 * changes are seen in their order.
 *
 * @param references all foreign keys of the file
 */
export function captureTriggers(
  table: TableDefinition,
  references: readonly Reference[],
): readonly string[] {
  if (table.isVirtual) return [];
  const reason = refusalReason(table);
  return EVENTS.map((event) => {
    const body =
      reason === undefined
        ? captureBody(table, event, references)
        : [`SELECT ${FUNCTIONS.refuse}(${literal(reason)})`];
    return [
      `CREATE TEMP TRIGGER ${identifier(`${TRIGGER_PREFIX}${event.toLowerCase()}_${table.name}`)}`,
      `AFTER ${event} ON main.${identifier(table.name)} FOR EACH ROW WHEN ${FUNCTIONS.on}()`,
      `BEGIN`,
      ...body.map((statement) => `${statement};`),
      `END`,
    ].join('\n');
  });
}

function captureBody(
  table: TableDefinition,
  event: RowEvent,
  references: readonly Reference[],
): readonly string[] {
  return [
    ...refuseNullKey(table, event),
    ...recordChanges(table, event),
    ...lockableIndexes(table).flatMap((index) => indexLocks(table, index, event)),
    ...references.flatMap((reference) => [
      ...(reference.child === table ? guardInsertedParent(reference, event) : []),
      ...(reference.child === table ? presenceLocks(reference, event) : []),
      ...(reference.parent === table ? guardDeletedParent(reference, event) : []),
    ]),
    look(table, event),
  ];
}

function refuseNullKey(table: TableDefinition, event: RowEvent): readonly string[] {
  if (!table.mayHaveNullKey) return [];
  const rows = rowsAt(event);
  const absent = rows.flatMap((row) =>
    table.key.map(({ name }) => `${row}.${identifier(name)} IS NULL`),
  );
  const reason =
    `a row of ${table.name} has NULL in its primary key, so nothing tells it from others. ` +
    `Declare the key NOT NULL.`;
  return [`SELECT ${FUNCTIONS.refuse}(${literal(reason)}) WHERE ${absent.join(' OR ')}`];
}

/** A row that moves to another key is one that goes and another one that comes. */
function recordChanges(table: TableDefinition, event: RowEvent): readonly string[] {
  if (event === 'INSERT') return [record(table, undefined, 'NEW', [])];
  if (event === 'DELETE') return [record(table, 'OLD', undefined, [])];
  const isMoved = keyDiffers(table);
  return [
    record(table, 'OLD', 'NEW', [`NOT ${isMoved}`]),
    record(table, 'OLD', undefined, [isMoved]),
    record(table, undefined, 'NEW', [isMoved]),
  ];
}

function keyDiffers(table: TableDefinition): string {
  // Of whole numbers the text need not be made.
  if (!table.isRowidKey) return `(${rowKey(table, 'OLD')} <> ${rowKey(table, 'NEW')})`;
  const names = table.key.map(({ name }) => identifier(name));
  return `(${names.map((name) => `OLD.${name} <> NEW.${name}`).join(' OR ')})`;
}

/**
 * Adds a change to the undo row of its key. The first before image stays, the last after image
 * counts, and NULL says that there is no row. A change that did not find the row as the one before
 * it had left it marks the undo row: somebody else was there between the two.
 */
function record(
  table: TableDefinition,
  found: 'OLD' | undefined,
  left: 'NEW' | undefined,
  conditions: readonly string[],
): string {
  const key = rowKey(table, left ?? found ?? 'NEW');
  const before = found === undefined ? 'NULL' : rowImage(table, found);
  const after = left === undefined ? 'NULL' : rowImage(table, left);
  const where = [`${FUNCTIONS.xid}() IS NOT NULL`, ...conditions].join(' AND ');
  return `INSERT INTO ${UNDO_TABLE} (tbl, pk, xid, branch, shape, before, after)
  SELECT ${literal(table.name)}, ${key}, ${FUNCTIONS.xid}(), ${FUNCTIONS.branch}(),
    ${literal(shapeOf(table))}, ${before}, ${after}
  WHERE ${where}
  ON CONFLICT (tbl, pk) DO UPDATE SET
    xid = CASE xid WHEN excluded.xid THEN xid ELSE ${FUNCTIONS.conflict}(tbl, pk, xid) END,
    broken = max(broken, after IS NOT excluded.before, shape <> excluded.shape),
    after = excluded.after`;
}

/** Who writes nothing that can be undone looks whether somebody holds what it touches. */
function look(table: TableDefinition, event: RowEvent): string {
  const rows = rowsAt(event);
  const held = rows.flatMap((row) => [
    `(${literal(table.name)}, ${rowKey(table, row)})`,
    ...lockableIndexes(table).map(
      (index) => `(${literal(indexName(table, index))}, ${indexKey(table, index, row)})`,
    ),
  ]);
  return `SELECT ${FUNCTIONS.conflict}(u.tbl, u.pk, u.xid) FROM main.${UNDO_TABLE} AS u
  WHERE ${FUNCTIONS.xid}() IS NULL AND (u.tbl, u.pk) IN (VALUES ${held.join(', ')})`;
}
