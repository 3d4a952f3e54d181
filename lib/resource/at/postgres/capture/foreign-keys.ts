import { KEY_SEPARATOR } from '../agreement.js';
import { isCanonical, refersTo } from '../row-key.js';
import { identifier, literal } from '../sql-text.js';
import type { ForeignKey, TableDefinition } from '../table-definition.js';
import { bothSides, holdLock } from './lock-rows.js';
import type { TriggerRow } from './lock-rows.js';
import { indexKeyText, lockName } from './unique-values.js';

/**
 * SQL that keeps the changes of the table apart from those of other transactions on the other side
 * of its foreign keys:
 *
 * - A child must not refer to a parent that may have to go again.
 * - A parent must not go while a child may have to come back.
 *
 * Each side locks rows of the other one before it looks, as the check of a foreign key does, so
 * that whoever is still at work there is waited for, and seen.
 */
export function guardReferences(table: TableDefinition): string {
  const onKey = table.referrers.filter((key) => parentName(key) === table.name);
  const onOthers = table.referrers.filter((key) => !onKey.includes(key));
  return [
    ...table.references.map(guardParent),
    ...onOthers.map(guardChildren),
    ...(onKey.length > 0 ? [guardChildrenOfKey(onKey)] : []),
  ].join('\n');
}

/** In the trigger of the child. */
function guardParent(key: ForeignKey): string {
  const text = (row: TriggerRow): string => {
    const values = key.pairs.map(({ child, type }) => `(${row}.${identifier(child)})::${type}`);
    return referenceText(
      key,
      values,
      key.pairs.map(({ child }) => `${row}.${identifier(child)}`),
    );
  };
  const held = `old_value || ${literal(KEY_SEPARATOR)} || old_key`;
  return bothSides(text, [
    `IF new_value IS NOT NULL THEN
      ${lockParent(key)}
      PERFORM dtx.assert_settled(${literal(parentName(key))}, new_value, own_xid, is_found);
    END IF;`,
    `IF old_value IS NOT NULL AND NOT is_check THEN
      ${holdLock(lockName(key.child, key.name), held)}
    END IF;`,
  ]);
}

/** In the trigger of the parent, for references to unique columns other than its key. */
function guardChildren(key: ForeignKey): string {
  const text = (row: TriggerRow): string => {
    const values = key.pairs.map(({ parent }) => `${row}.${identifier(parent)}`);
    return referenceText(key, values, values);
  };
  return bothSides(text, [
    `IF old_value IS NOT NULL THEN ${lookForChildren(key, 'old_value')} END IF;`,
  ]);
}

/** The same for references to its key, whose text is there already. */
function guardChildrenOfKey(keys: readonly ForeignKey[]): string {
  return `  IF TG_OP <> 'INSERT' AND old_key IS DISTINCT FROM new_key THEN
    ${keys.map((key) => lookForChildren(key, 'old_key')).join('\n    ')}
  END IF;`;
}

function lookForChildren(key: ForeignKey, value: string): string {
  const name = lockName(key.child, key.name);
  return `${lockChildren(key)}
      PERFORM dtx.assert_unreferred(${literal(name)}, ${value}, own_xid);`;
}

/** Where undo rows say that the parent is pending: as a row, or as a value of a unique index. */
const parentName = (key: ForeignKey): string =>
  key.isPrimary && key.parts.every(isCanonical)
    ? key.parentRoot
    : lockName(key.parentRoot, key.index);

/** A reference of which a part is NULL refers to nothing. */
const referenceText = (
  { parts }: ForeignKey,
  values: readonly string[],
  nullable: readonly string[],
): string =>
  `CASE WHEN num_nulls(${nullable.join(', ')}) = 0 THEN ${indexKeyText(parts, values)} END`;

/** Whether it is there; without the right to lock it the check of the foreign key has to do. */
function lockParent({ pairs, parent, parentKind }: ForeignKey): string {
  return `is_found := true;
      IF ${mayLock(parent)} THEN
        PERFORM FROM ${rows(parent, parentKind)} AS dtx_parent
        WHERE ${refersTo(pairs, 'NEW', 'dtx_parent')} FOR KEY SHARE;
        is_found := FOUND;
      END IF;`;
}

function lockChildren({ child, childKind, pairs }: ForeignKey): string {
  return `IF ${mayLock(child)} THEN
        PERFORM FROM ${rows(child, childKind)} AS dtx_child
        WHERE ${refersTo(pairs, 'dtx_child', 'OLD')} FOR KEY SHARE;
      END IF;`;
}

/** Asked when it is needed: the function is the same, whoever installs it. */
const mayLock = (table: string): string =>
  `has_table_privilege(${literal(table)}, 'SELECT')
          AND has_table_privilege(${literal(table)}, 'UPDATE')`;

const rows = (table: string, kind: 'r' | 'p'): string => (kind === 'p' ? table : `ONLY ${table}`);
