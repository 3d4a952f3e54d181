import { HOLDER, SOUGHT } from '../agreement.js';
import { referenceLock, uniqueLock } from '../labels.js';
import type { KeyPart } from '../row-key.js';
import { isOpaque, keyParts, keySql, primaryKey, shownSql } from '../row-key.js';
import { literal } from '../sql-text.js';
import type { ForeignKey, IndexPart, TableDefinition } from '../table-definition.js';
import { columnOf } from '../table-definition.js';
import { IS_BRANCH, KNOWN_XID, comparedKey } from './own-work.js';
import type { Lock } from './record.js';
import { lockValue, raiseConflict } from './record.js';

/** The tables of a database, by name. */
export type Tables = ReadonlyMap<string, TableDefinition>;

/** What a trigger is for; `OLD` and `NEW` exist as they do there. */
export type Event = 'INSERT' | 'UPDATE' | 'DELETE';

/** The rows that the trigger of an event sees. */
export const ROWS: Readonly<Record<Event, { readonly old: boolean; readonly new: boolean }>> = {
  INSERT: { old: false, new: true },
  UPDATE: { old: true, new: true },
  DELETE: { old: true, new: false },
};

/** The lock of some parts of a row. */
export function lockOf(name: string, parts: readonly KeyPart[]): Lock {
  return { name, key: keySql(parts), shown: isOpaque(parts) ? shownSql(parts) : undefined };
}

/** Unique indexes whose values can collide although the primary keys do not. */
function lockedIndexes(table: TableDefinition): TableDefinition['uniques'] {
  return table.uniques.filter(
    ({ parts }) =>
      parts.length > 0 && !table.key.every((name) => parts.some(({ column }) => column === name)),
  );
}

/** SQL that locks the values of unique indexes that come, go or change. NULL collides with none. */
export function lockUniqueValues(table: TableDefinition, event: Event): readonly string[] {
  return lockedIndexes(table).flatMap((index) => {
    const name = uniqueLock(table.name, index);
    return changedKeys(event, (row) => lockOf(name, keyParts(table, index.parts, row)), lockValue);
  });
}

/** SQL for the keys that the event frees and takes, where they are not NULL. */
function changedKeys(
  event: Event,
  lockIn: (row: 'OLD' | 'NEW') => Lock,
  use: (lock: Lock, row: 'OLD' | 'NEW') => string,
): readonly string[] {
  const rows = (['OLD', 'NEW'] as const).filter(
    (row) => ROWS[event][row === 'OLD' ? 'old' : 'new'],
  );
  const uses = rows
    .map((row) => {
      const lock = lockIn(row);
      const text = use(lock, row);
      return text === '' ? '' : `IF ${lock.key} IS NOT NULL THEN\n    ${text}\n    END IF;`;
    })
    .filter((text) => text !== '');
  if (uses.length === 0) return [];
  if (event !== 'UPDATE') return uses;
  const changed = `NOT (${lockIn('OLD').key} <=> ${lockIn('NEW').key})`;
  return [`IF ${changed} THEN\n    ${uses.join('\n    ')}\n    END IF;`];
}

/**
 * SQL for what the table refers to. A new reference must not be to a row that another undecided
 * transaction has brought; one that goes is remembered, so that what it referred to stays.
 */
export function checkReferences(
  table: TableDefinition,
  tables: Tables,
  event: Event,
): readonly string[] {
  const own = keySql(keyParts(table, primaryKey(table), 'OLD'));
  return table.references.flatMap((reference) => {
    const parent = parentOf(reference, tables);
    if (parent === undefined) return [];
    const lockIn = (row: 'OLD' | 'NEW'): Lock =>
      lockOf(
        parent.name,
        reference.childColumns.map((column, index) => ({
          column: columnOf(parent.table, reference.parentColumns[index] ?? ''),
          value: `${row}.\`${column.replaceAll('`', '``')}\``,
        })),
      );
    return changedKeys(event, lockIn, (lock, row) => {
      if (row === 'NEW') return findHolder(lock, parent.isRow ? 'AND before_image IS NULL' : '');
      const key = `CONCAT(${lock.key}, '|', ${own})`;
      const kept = lockValue({ name: referenceLock(reference), key, shown: undefined });
      return `IF ${IS_BRANCH} THEN\n    ${kept}\n    END IF;`;
    });
  });
}

/** SQL for what refers to the table: a row stays to which a rollback may want to refer again. */
export function checkReferrers(table: TableDefinition, event: Event): readonly string[] {
  if (event === 'INSERT') return [];
  return table.referrers
    .filter(({ childSchema }) => childSchema === table.schema)
    .flatMap((reference) => {
      const parts: readonly IndexPart[] = reference.parentColumns.map((column) => ({
        column,
        length: undefined,
      }));
      const lockIn = (row: 'OLD' | 'NEW'): Lock =>
        lockOf(referenceLock(reference), keyParts(table, parts, row));
      return changedKeys(event, lockIn, (lock, row) => {
        if (row === 'NEW') return '';
        const [from, to] = ['|', '}'].map((end) => comparedKey(`CONCAT(${SOUGHT}, '${end}')`));
        return holderWhere(lock, `pk > ${from} AND pk < ${to}`);
      });
    });
}

/** Where the referenced values are locked. */
interface Parent {
  readonly table: TableDefinition;
  readonly name: string;
  /** By rows themselves, rather than by values of a unique index. */
  readonly isRow: boolean;
}

function parentOf(
  { parent, parentColumns, parentSchema }: ForeignKey,
  tables: Tables,
): Parent | undefined {
  const table = tables.get(parent);
  if (table?.schema !== parentSchema) return undefined;
  const isKey = (columns: readonly string[]): boolean =>
    columns.length === parentColumns.length &&
    columns.every((column, index) => column === parentColumns[index]);
  if (isKey(table.key)) return { table, name: table.name, isRow: true };
  const index = lockedIndexes(table).find(({ parts }) => isKey(parts.map(({ column }) => column)));
  if (index === undefined) return undefined;
  return { table, name: uniqueLock(table.name, index), isRow: false };
}

function findHolder(lock: Lock, condition: string): string {
  return holderWhere(lock, `pk = ${comparedKey(SOUGHT)} ${condition}`);
}

/**
 * SQL that fails when another transaction has such an undo row. Read with a lock, since a snapshot
 * would miss those that are younger; at REPEATABLE READ the server locks the gap, too.
 *
 * @param condition over the key of the lock, which is SOUGHT
 */
function holderWhere(lock: Lock, condition: string): string {
  return `SET ${SOUGHT} = ${lock.key};
    SET ${HOLDER} = (SELECT xid FROM dtx_undo_row FORCE INDEX (PRIMARY)
      WHERE tbl = ${literal(lock.name)} AND ${condition} AND xid <> ${KNOWN_XID} LIMIT 1
      LOCK IN SHARE MODE);
    ${raiseConflict(lock.name, lock.shown ?? lock.key)}`;
}
