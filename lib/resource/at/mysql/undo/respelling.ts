import type { SqlSession } from '../../at-engine.interface.js';
import { partsOf } from '../row-image.js';
import { queryRows } from '../session.js';
import { collateSql, restoreSql } from '../value-codec.js';
import type { UndoRow } from './undo-row.js';

/**
 * The image that the branch has left, but for values to which others refer: as they were written
 * before.
 *
 * InnoDB compares their bytes, and refuses or cascades a change, though its index takes the two for
 * one value and nobody's reference would break.
 *
 * @returns undefined where no such value is written otherwise, or one of them is another value
 */
export async function respelledImage(
  session: SqlSession,
  { after, before, table }: UndoRow,
): Promise<string | undefined> {
  if (after === null || before === null) return undefined;
  const [now, then] = [partsOf(table, after), partsOf(table, before)];
  const referred = new Set(table.referrers.flatMap(({ parentColumns }) => parentColumns));
  const changed = [...now.keys()].filter(
    (column) => referred.has(column.name) && now.get(column) !== then.get(column),
  );
  if (changed.length === 0) return undefined;
  const tests = changed.map((column) => {
    const [left, right] = [now, then].map((parts) => restoreSql(column, parts.get(column) ?? ''));
    const sql = `${left?.sql ?? ''} = ${right?.sql ?? ''}${collateSql(column)}`;
    return { sql, values: [...(left?.values ?? []), ...(right?.values ?? [])] };
  });
  const [row] = await queryRows<'is_equal'>(
    session,
    `SELECT ${tests.map(({ sql }) => `(${sql})`).join(' AND ')} AS is_equal`,
    tests.flatMap(({ values }) => values),
  );
  if (row?.is_equal !== '1') return undefined;
  const parts = [...now].map(([column, part]) =>
    changed.includes(column) ? (then.get(column) ?? part) : part,
  );
  return parts.join(',');
}
