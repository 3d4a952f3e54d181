import type { IndexPart, TableDefinition, UniqueIndex } from '../table-definition.js';
import { isCanonical, keyText } from '../row-key.js';
import { bothSides, holdValues } from './lock-rows.js';
import type { TriggerRow } from './lock-rows.js';

/** Named like a table, so that nothing else has to know of it. */
export const lockName = (table: string, index: string): string => `${table} (${index})`;

/**
 * SQL that locks the values of unique indexes that a change takes or sets free. Without this,
 * another transaction could take a value that the row needs again when it is restored.
 */
export function holdUniqueValues(table: TableDefinition): string {
  return lockedIndexes(table)
    .map((index) => {
      const all = (row: TriggerRow): string => valueText(index, index.parts, row);
      const held = index.parts.filter(({ isEquality }) => isEquality);
      const narrow = (row: TriggerRow): string => valueText(index, held, row);
      return bothSides(all, [
        ...(index.isExclusion ? [narrowed('old_value', narrow('OLD'))] : []),
        ...(index.isExclusion ? [narrowed('new_value', narrow('NEW'))] : []),
        ...holdValues(lockName(table.name, index.name)),
      ]);
    })
    .join('\n');
}

/**
 * Indexes whose values are locked. The undo row of a row locks its primary key too, unless that
 * takes values for equal whose texts differ. Of a temporal key, it does not lock the periods.
 */
export function lockedIndexes(table: TableDefinition): readonly UniqueIndex[] {
  return table.uniqueIndexes.filter(
    ({ isExclusion, isPrimary, parts }) => !isPrimary || isExclusion || !parts.every(isCanonical),
  );
}

/**
 * SQL of the text that names values of an index, the same for values that the index takes for
 * equal.
 */
export function indexKeyText(
  parts: readonly IndexPart[],
  values: readonly string[],
  form: 'single' | 'row' = 'single',
): string {
  if (parts.every((part) => isCanonical(part) || !part.hasHash)) {
    return keyText(parts, values, form);
  }
  // Only the database knows which values are equal. Where two others share a hash, the second one
  // waits without need.
  const texts = parts.map((part, index) => hashText(part, values[index] ?? ''));
  return `ROW(${texts.join(', ')})::text`;
}

function hashText(part: IndexPart, value: string): string {
  if (isCanonical(part) || !part.hasHash) return keyText([part], [value], 'single');
  // Of a domain over a range, PostgreSQL does not see how its values are hashed.
  const plain = part.domainOf === null ? value : `(${value})::${part.domainOf}`;
  const collated = part.collation === null ? plain : `(${plain}) COLLATE ${part.collation}`;
  return `hash_array_extended(ARRAY[${collated}], 0)`;
}

/** Two rows that only may clash count as one: there is no text for all that a range overlaps. */
const narrowed = (variable: string, text: string): string =>
  `IF ${variable} IS NOT NULL THEN ${variable} := ${text}; END IF;`;

/** SQL of the text for a row; NULL where the index does not mind the row. */
function valueText(index: UniqueIndex, parts: readonly IndexPart[], row: TriggerRow): string {
  const isPlain = index.predicate === null && index.parts.every(({ isColumn }) => isColumn);
  const names = index.parts.map((_part, number) => `p.v${String(number)}`);
  const places = new Map(index.parts.map((part, number) => [part, number]));
  const valueOf = (part: IndexPart): string =>
    isPlain ? `${row}.${part.expression}` : (names[places.get(part) ?? 0] ?? '');
  const values = parts.map(valueOf);
  const form = index.nullsAreEqual ? 'row' : 'single';
  const text = parts.length === 0 ? `'*'` : indexKeyText(parts, values, form);
  const nulls = `num_nulls(${index.parts.map(valueOf).join(', ')})`;
  const chosen = index.nullsAreEqual ? text : `CASE WHEN ${nulls} = 0 THEN ${text} END`;
  if (isPlain) return chosen;
  const evaluated = index.parts.map(
    ({ expression }, number) => `${expression} AS v${String(number)}`,
  );
  return `(SELECT ${chosen} FROM (SELECT ${evaluated.join(', ')}
      FROM (SELECT (${row}).*) AS r WHERE ${index.predicate ?? 'true'}) AS p)`;
}
