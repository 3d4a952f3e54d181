import { LOCK_SHAPE } from '../agreement.js';
import { literal } from '../sql-text.js';

/** A row as a trigger sees it. */
export type TriggerRow = 'OLD' | 'NEW';

/**
 * SQL that does something when a text that is made from the row is another one after the change
 * than before. The texts are in `old_value` and `new_value`; NULL where there is none.
 */
export function bothSides(
  text: (row: TriggerRow) => string,
  statements: readonly string[],
): string {
  return `  old_value := NULL;
  new_value := NULL;
  IF TG_OP <> 'INSERT' THEN
    old_value := ${text('OLD')};
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_value := ${text('NEW')};
  END IF;
  IF old_value IS DISTINCT FROM new_value THEN
${statements.map((statement) => `    ${statement}`).join('\n')}
  END IF;`;
}

/** SQL that locks both texts, or finds in the check mode that nobody holds them. */
export const holdValues = (name: string): readonly string[] => [
  holdValue(name, 'old_value'),
  holdValue(name, 'new_value'),
];

function holdValue(name: string, value: string): string {
  return `IF ${value} IS NULL THEN
      NULL;
    ELSIF is_check THEN
      PERFORM dtx.assert_free(${literal(name)}, ${value});
    ELSE
      ${holdLock(name, value)}
    END IF;`;
}

/**
 * SQL that takes a lock which is no row. The holder itself may come again. Written out for each
 * lock, since the context of a serialization failure has to name it.
 */
export function holdLock(name: string, key: string): string {
  const shape = String(LOCK_SHAPE);
  return `INSERT INTO dtx.undo_row AS held (tbl, pk, xid, branch, shape)
      VALUES (${literal(name)}, ${key}, own_xid, own_branch, ${shape})
      ON CONFLICT (tbl, pk) DO UPDATE SET shape = ${shape} WHERE held.xid = excluded.xid;
      IF NOT FOUND THEN
        PERFORM dtx.assert_held(${literal(name)}, ${key}, own_xid);
      END IF;`;
}
