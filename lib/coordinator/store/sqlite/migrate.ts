import { SchemaTooNewError, SchemaTooOldError } from '../../../protocol/index.js';
import { readMeta, writeMeta } from './meta.js';
import { MIGRATIONS } from './migrations/index.js';
import type { SqliteDatabase } from './sqlite-database.interface.js';

const CREATE_META =
  'CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) ' +
  'STRICT, WITHOUT ROWID';

/**
 * Brings the file to the schema that this version knows. All of it is one transaction: a process
 * that dies here leaves the file as it was.
 *
 * @throws SchemaTooNewError when a newer version has written the file
 */
export function migrate(database: SqliteDatabase, place: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(CREATE_META);
    const version = Number(readMeta(database, 'schema_version') ?? 0);
    if (version > MIGRATIONS.length) {
      throw new SchemaTooNewError(place, version, MIGRATIONS.length);
    }
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    writeMeta(database, 'schema_version', String(MIGRATIONS.length));
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** @throws SchemaTooNewError, SchemaTooOldError unless the file has just the schema known here */
export function assertSchema(database: SqliteDatabase, place: string): void {
  const version = Number(readMeta(database, 'schema_version') ?? 0);
  if (version > MIGRATIONS.length) throw new SchemaTooNewError(place, version, MIGRATIONS.length);
  if (version < MIGRATIONS.length) throw new SchemaTooOldError(place, version, MIGRATIONS.length);
}
