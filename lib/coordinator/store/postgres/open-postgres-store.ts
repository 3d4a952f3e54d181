import { DtxError, StoreUnavailableError, messageOf } from '../../../protocol/index.js';
import { isProduction, systemClock } from '../../../system/index.js';
import type { DataSourceLike, SqlDatabase } from '../sql/index.js';
import {
  DataSourceDatabase,
  SERVER_ADVICE,
  SqlSessionStore,
  assertSchema,
  migrate,
} from '../sql/index.js';
import { findPg } from './find-pg.js';
import { PgDatabase } from './pg-database.js';
import { kindOfPgError } from './pg-trouble.js';
import { postgresEngine } from './postgres-engine.js';
import { POSTGRES_SCHEMA } from './postgres-schema.js';

/** Where the database is. */
export type PostgresPlace =
  /** `postgres://user:password@host:port/database` */
  | { readonly url: string }
  /** A TypeORM data source of the application, initialized. It is not closed with the store. */
  | { readonly dataSource: DataSourceLike };

export interface PostgresBounds {
  /** Bound of each statement, and of getting a connection. @default 5000 */
  readonly timeoutMs?: number;
  /** Of the store's own pool. @default 4 */
  readonly connectionsMax?: number;
}

export type PostgresStoreOptions = PostgresPlace &
  PostgresBounds & {
    /**
     * Whether missing tables are created and old ones brought up to date.
     *
     * @default true, and false where NODE_ENV is `production`
     */
    readonly migrate?: boolean;
  };

const TIMEOUT_MS_DEFAULT = 5_000;
const CONNECTIONS_MAX_DEFAULT = 4;

/**
 * Opens a coordinator's store in PostgreSQL 12 or later, which several coordinators may share.
 *
 * @throws MissingPeerError when the package pg is not there
 * @throws SchemaTooOldError when tables are missing and are not to be created here
 * @throws SchemaTooNewError when a newer version of this package has set them up
 * @throws StoreUnavailableError when the database cannot be reached or read
 * @throws InvalidOptionError for a URL that is none
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<SqlSessionStore> {
  const migrates = options.migrate ?? !isProduction();
  const database = await openPostgresDatabase(options);
  try {
    if (migrates) await migrate(database, POSTGRES_SCHEMA);
    else await assertSchema(database, POSTGRES_SCHEMA);
    return new SqlSessionStore(database, postgresEngine);
  } catch (cause) {
    await database.close();
    if (cause instanceof DtxError) throw cause;
    throw new StoreUnavailableError(database.place, messageOf(cause), {
      cause,
      advice: SERVER_ADVICE,
    });
  }
}

/** The database below a store. Connects when it is first used. */
export async function openPostgresDatabase(
  options: PostgresPlace & PostgresBounds,
): Promise<SqlDatabase> {
  const { connectionsMax = CONNECTIONS_MAX_DEFAULT, timeoutMs = TIMEOUT_MS_DEFAULT } = options;
  if ('dataSource' in options) {
    const { dataSource } = options;
    const kindOf = kindOfPgError;
    return new DataSourceDatabase(dataSource, { clock: systemClock, timeoutMs, kindOf });
  }
  return new PgDatabase(await findPg(), { url: options.url, timeoutMs, connectionsMax });
}
