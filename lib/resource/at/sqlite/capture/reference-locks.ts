import {
  FUNCTIONS,
  LOCK_SHAPE,
  PRESENCE_END,
  PRESENCE_SEPARATOR,
  UNDO_TABLE,
} from '../agreement.js';
import { indexKey } from '../index-values.js';
import type { Reference } from '../references.js';
import { isReferenced, referenceKey, referenceName } from '../references.js';
import { allPresent, rowKey, valueKey } from '../row-key.js';
import { identifier, literal } from '../sql-text.js';
import type { RowEvent } from './lock-statement.js';
import { lock } from './lock-statement.js';
import { indexName } from './unique-locks.js';

/** A child must not refer to a parent that may be taken back. */
export function guardInsertedParent(reference: Reference, event: RowEvent): readonly string[] {
  if (event === 'DELETE') return [];
  const { foreignKey, index, parent } = reference;
  const held =
    index === undefined
      ? [
          `u.tbl = ${literal(parent.name)}`,
          `u.pk = ${rowKey(parent, 'p')}`,
          `u.before IS NULL AND u.shape <> ${literal(LOCK_SHAPE)}`,
        ]
      : [`u.tbl = ${literal(indexName(parent, index))}`, `u.pk = ${indexKey(parent, index, 'p')}`];
  const conditions = [
    isReferenced(reference, 'NEW'),
    ...held,
    isOfAnother,
    ...(event === 'UPDATE' ? [isChanged(foreignKey.columns)] : []),
  ];
  return [
    `SELECT ${FUNCTIONS.conflict}(u.tbl, u.pk, u.xid)
  FROM main.${identifier(parent.name)} AS p CROSS JOIN main.${UNDO_TABLE} AS u
  WHERE ${[...conditions].join(' AND ')}`,
  ];
}

/** A child that goes leaves a lock, so that its parent stays for as long as it may come back. */
export function presenceLocks(reference: Reference, event: RowEvent): readonly string[] {
  if (event === 'INSERT') return [];
  const { child, foreignKey } = reference;
  const columns = foreignKey.columns.map((name) => ({ name }));
  const referred = referenceKey(reference, 'OLD');
  const key = `${referred} || '${PRESENCE_SEPARATOR}' || ${rowKey(child, 'OLD')}`;
  return [
    lock(referenceName(reference), key, [
      allPresent(columns, 'OLD'),
      ...(event === 'UPDATE' ? [isChanged(foreignKey.columns)] : []),
    ]),
  ];
}

/** A parent must not go while a child of it may come back. */
export function guardDeletedParent(reference: Reference, event: RowEvent): readonly string[] {
  if (event === 'INSERT') return [];
  const { referenced } = reference;
  const prefix = valueKey(referenced, 'OLD');
  const conditions = [
    `u.tbl = ${literal(referenceName(reference))}`,
    `u.pk >= ${prefix} || '${PRESENCE_SEPARATOR}'`,
    `u.pk < ${prefix} || '${PRESENCE_END}'`,
    isOfAnother,
    ...(event === 'UPDATE' ? [isChanged(referenced.map(({ name }) => name))] : []),
  ];
  return [
    `SELECT ${FUNCTIONS.conflict}(u.tbl, u.pk, u.xid) FROM main.${UNDO_TABLE} AS u
  WHERE ${conditions.join(' AND ')}`,
  ];
}

const isOfAnother = `u.xid IS NOT ${FUNCTIONS.xid}()`;

function isChanged(columns: readonly string[]): string {
  const changed = columns.map(
    (name) => `OLD.${identifier(name)} IS NOT NEW.${identifier(name)} COLLATE BINARY`,
  );
  return `(${changed.join(' OR ')})`;
}
