import { MissingPeerError } from '../../../protocol/index.js';
import { FEATURE, INSTALL_ADVICE, findBetterSqlite3 } from './better-sqlite3.driver.js';
import { findNodeSqlite } from './node-sqlite.driver.js';
import type { SqliteDriver } from './sqlite-database.interface.js';

/**
 * SQLite as this process can have it: from the runtime, else from better-sqlite3.
 *
 * @throws MissingPeerError (DTX_ERR_CONFIG_MISSING_PEER) when there is neither
 */
export async function findSqliteDriver(): Promise<SqliteDriver> {
  const driver = findNodeSqlite() ?? (await findBetterSqlite3());
  if (driver === undefined) throw new MissingPeerError('better-sqlite3', FEATURE, INSTALL_ADVICE);
  return driver;
}
