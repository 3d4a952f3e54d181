import type { SqliteDatabase } from './sqlite-database.interface.js';

/**
 * Moves everything from the log into the file. After a failed sync the system takes the pages that
 * it could not write for clean ones: a later sync would succeed over a hole in the log, and what
 * came behind the hole would be lost with the power. Copied into the file they are written anew.
 */
export function emptyLog(database: SqliteDatabase): void {
  const [result] = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  if (result?.['busy'] === 0) return;
  database.close();
  throw new Error('its log cannot be emptied while another program reads the file');
}
