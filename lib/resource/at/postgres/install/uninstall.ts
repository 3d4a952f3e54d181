import { AtInstallError } from '../../../../protocol/index.js';
import type { SqlSession } from '../../at-engine.interface.js';
import { queryText } from '../session.js';
import { schemaState } from './dtx-schema.js';
import { runInTurn } from './run-in-turn.js';

/**
 * Removes the schema `dtx`, and with it the triggers on all tables.
 *
 * @returns false when others held the locks at each attempt
 * @throws AtInstallError while undo rows are left
 */
export async function uninstall(session: SqlSession, resourceId: string): Promise<boolean> {
  return runInTurn(session, async () => {
    const { exists, hasTables } = await schemaState(session);
    if (!exists) return [];
    if (hasTables) await assertNothingHeld(session, resourceId);
    return ['DROP SCHEMA dtx CASCADE'];
  });
}

/** The lock stays until the schema is gone: a branch that comes meanwhile fails, and is undone. */
async function assertNothingHeld(session: SqlSession, resourceId: string): Promise<void> {
  await session.query('LOCK TABLE dtx.undo_row IN ACCESS EXCLUSIVE MODE');
  const count = Number(await queryText(session, 'SELECT count(*)::text FROM dtx.undo_row'));
  if (count === 0) return;
  throw new AtInstallError(
    resourceId,
    `it cannot be removed while undo rows are left (${String(count)} of them): global ` +
      `transactions have not ended here, and nothing could be undone any more. Look at them: ` +
      `npx nestjs-dtx locks --database "$DATABASE_URL"`,
  );
}
