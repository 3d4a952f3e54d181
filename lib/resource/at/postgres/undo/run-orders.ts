import { failpoint } from '../../../../system/index.js';
import type { SqlSession } from '../../at-engine.interface.js';
import { IMAGE_SETTING, IMAGE_TABLE_SETTING } from '../agreement.js';
import { queryText } from '../session.js';
import { NotRestoredError } from './attempt.js';
import { needsImage } from './restore-orders.js';
import { restoreStatement } from './restore-statement.js';
import type { RestoreOrder, UndoRow } from './undo-row.js';

const HELD_BACK =
  'rows that are not part of the transaction refer to it by a foreign key that cascades, or a ' +
  'trigger or rule of the table keeps the row from being restored';

/** The content of the row does not travel: the length is all that is asked for. */
const SET_IMAGE = `
SELECT length(set_config('${IMAGE_SETTING}', u.before, true))::text,
  set_config('${IMAGE_TABLE_SETTING}', $3, true)
FROM dtx.undo_row u WHERE u.tbl = $1 AND u.pk = $2`;

const CLEAR_IMAGE = `SET LOCAL ${IMAGE_SETTING} = ''`;

/**
 * Restores the rows by one statement.
 *
 * @throws NotRestoredError when it does not meet all of them; errors of the database
 */
export async function runOrders(
  session: SqlSession,
  xid: string,
  orders: readonly RestoreOrder[],
): Promise<void> {
  const [first] = orders;
  const keepsImage = orders.length === 1 && first !== undefined && needsImage(first);
  if (keepsImage) await setImage(session, first.row);
  const { text, keys, expectedCount } = restoreStatement(orders);
  const count = Number(await queryText(session, text, [xid, ...keys]));
  if (keepsImage) await session.query(CLEAR_IMAGE);
  failpoint('at.undo.row');
  if (count !== expectedCount) throw new NotRestoredError(HELD_BACK);
}

async function setImage(session: SqlSession, { key, table }: UndoRow): Promise<void> {
  await session.query(SET_IMAGE, [table.recordedAs ?? table.name, key, table.name]);
}
