import type { LocalDatabase } from './local-database.js';
import type { ActorSettings, Transfer } from './messages.js';
import { deltaOf, refusal } from './messages.js';

/** The part of a transfer that is written at once, and undone or prepared by the framework. */
export function workAtAccount(
  database: LocalDatabase,
  { id, refusesAt }: Transfer,
  { role }: ActorSettings,
): Promise<void> {
  const delta = deltaOf(role);
  return database.inTransaction(async (run) => {
    await run('UPDATE account SET balance = balance + ? WHERE id = ?', [delta, id]);
    await run('INSERT INTO booking (id, amount) VALUES (?, ?)', [id, delta]);
    if (refusesAt === role) throw refusal();
  });
}
