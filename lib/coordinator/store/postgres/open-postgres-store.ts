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
  };
  return openSqlStore(kind, options);
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
