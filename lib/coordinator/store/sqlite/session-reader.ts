import { existsSync } from 'node:fs';

import { DtxError, SchemaTooNewError, StoreUnavailableError } from '../../../protocol/index.js';
import { messageOf } from '../../../protocol/index.js';
import type { Session } from '../../core/index.js';
import { findSqliteDriver } from './find-driver.js';
import { readMeta } from './meta.js';
import { MIGRATIONS } from './migrations/index.js';
import { branchFromRow, sessionFromRow } from './rows.js';
import type { SqliteDatabase } from './sqlite-database.interface.js';

const OPEN = `
SELECT * FROM session WHERE ended_at_ms IS NULL ORDER BY began_at_ms, id LIMIT ?`;

const ENDED = `
SELECT * FROM session WHERE ended_at_ms IS NOT NULL ORDER BY ended_at_ms DESC, id DESC LIMIT ?`;

const BRANCHES = 'SELECT * FROM branch WHERE session_id = ? ORDER BY seq';

/** How much of a store is read. */
export interface ReadLimits {
  readonly openCountMax: number;
  readonly endedCountMax: number;
}

/** What a store holds at one moment. */
export interface StoredSessions {
  /** The oldest first. */
  readonly open: readonly Session[];
  /** The last one first. */
  readonly ended: readonly Session[];
}

/**
 * Looks into a coordinator file without owning it and without writing to it, also while its process
 * runs: WAL shows a reader the last durable state, and holds up nobody.
 *
 * @throws StoreUnavailableError there is no such file, or it is none of ours
 * @throws SchemaTooNewError a newer version has written it
 */
export async function readSessions(file: string, limits: ReadLimits): Promise<StoredSessions> {
  if (!existsSync(file)) throw new StoreUnavailableError(file, 'there is no such file');
  const driver = await findSqliteDriver();
  let database: SqliteDatabase | undefined;
  try {
    database = driver.open(file, { isReadOnly: true });
    return readFrom(database, file, limits);
  } catch (error) {
    if (error instanceof DtxError) throw error;
    throw new StoreUnavailableError(file, messageOf(error), { cause: error });
  } finally {
    database?.close();
  }
}

function readFrom(database: SqliteDatabase, file: string, limits: ReadLimits): StoredSessions {
  const version = Number(readMeta(database, 'schema_version') ?? 0);
  if (version > MIGRATIONS.length) throw new SchemaTooNewError(file, version, MIGRATIONS.length);
  const branches = database.prepare(BRANCHES);
  const read = (sql: string, countMax: number): readonly Session[] =>
    database
      .prepare(sql)
      .all(countMax)
      .map((row) => sessionFromRow(row, branches.all(Number(row['id'])).map(branchFromRow)));
  // One snapshot: a session that ends meanwhile would stand in both lists.
  database.exec('BEGIN');
  return { open: read(OPEN, limits.openCountMax), ended: read(ENDED, limits.endedCountMax) };
}
