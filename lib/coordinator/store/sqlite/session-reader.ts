import { existsSync } from 'node:fs';

import { DtxError, StoreUnavailableError, messageOf } from '../../../protocol/index.js';
import type { Session } from '../../core/index.js';
import type { SessionQuery } from '../session-store.interface.js';
import { findSqliteDriver } from './find-driver.js';
import { listSessions } from './list-sessions.js';
import { assertSchema } from './migrate.js';
import type { SqliteDatabase } from './sqlite-database.interface.js';

/**
 * Looks into a coordinator file without owning it and without writing to it, also while its process
 * runs: WAL shows a reader the last durable state, and holds up nobody. All lists show one moment.
 *
 * @throws StoreUnavailableError there is no such file, or it is none of ours
 * @throws SchemaTooNewError, SchemaTooOldError
 */
export async function readSessions(
  file: string,
  queries: readonly SessionQuery[],
): Promise<readonly (readonly Session[])[]> {
  if (!existsSync(file)) throw new StoreUnavailableError(file, 'there is no such file');
  const driver = await findSqliteDriver();
  let database: SqliteDatabase | undefined;
  try {
    const reader = driver.open(file, { isReadOnly: true });
    database = reader;
    assertSchema(reader, file);
    // One snapshot: a session that ends meanwhile would stand in both lists.
    reader.exec('BEGIN');
    return queries.map((query) => listSessions(reader, query));
  } catch (error) {
    if (error instanceof DtxError) throw error;
    throw new StoreUnavailableError(file, messageOf(error), { cause: error });
  } finally {
    database?.close();
  }
}
