import { systemClock } from '../../../system/index.js';
import type {
  SqlDatabase,
  SqlDatabaseOptions,
  SqlSessionStore,
  SqlStoreOptions,
} from '../sql/index.js';
import {
  CONNECTIONS_MAX_DEFAULT,
  DataSourceDatabase,
  TIMEOUT_MS_DEFAULT,
  openSqlStore,
} from '../sql/index.js';
import { findPg } from './find-pg.js';
import { PgDatabase } from './pg-database.js';
import { kindOfPgError } from './pg-trouble.js';
import { postgresEngine } from './postgres-engine.js';
import { POSTGRES_SCHEMA } from './postgres-schema.js';

/**
 * Opens a coordinator's store in PostgreSQL 12 or later, which several coordinators may share.
 *
 * @throws MissingPeerError when the package pg is not there
 * @throws SchemaTooOldError when tables are missing and are not to be created here
 * @throws SchemaTooNewError when a newer version of this package has set them up
 * @throws StoreUnavailableError when the database cannot be reached or read
 * @throws InvalidOptionError for a URL that is none
 */
export function openPostgresStore(options: SqlStoreOptions): Promise<SqlSessionStore> {
  const kind = {
    engine: postgresEngine,
    schema: POSTGRES_SCHEMA,
    openDatabase: openPostgresDatabase,
    warningsOf,
  };
  return openSqlStore(kind, options);
}

/** A store with connections of its own sets it; those of a data source are as they are. */
async function warningsOf(database: SqlDatabase): Promise<readonly string[]> {
  const { rows } = await database.query("SELECT current_setting('synchronous_commit') AS value");
  if (rows[0]?.['value'] !== 'off') return [];
  return [
    'Its connections do not wait for the disk (synchronous_commit = off), so a crash of the ' +
      'server can take decisions along that were answered. Set it to on for them, or name a URL.',
  ];
}

/** The database below a store. Connects when it is first used. */
export async function openPostgresDatabase(options: SqlDatabaseOptions): Promise<SqlDatabase> {
  const { connectionsMax = CONNECTIONS_MAX_DEFAULT, timeoutMs = TIMEOUT_MS_DEFAULT } = options;
  if ('dataSource' in options) {
    const { dataSource } = options;
    const kindOf = kindOfPgError;
    return new DataSourceDatabase(dataSource, { clock: systemClock, timeoutMs, kindOf });
  }
  return new PgDatabase(await findPg(), { url: options.url, timeoutMs, connectionsMax });
}
