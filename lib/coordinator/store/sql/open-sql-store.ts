import { DtxError, StoreUnavailableError, messageOf } from '../../../protocol/index.js';
import { isProduction } from '../../../system/index.js';
import type { DataSourceLike } from './data-source.database.js';
import type { SqlSchema } from './schema.js';
import { assertSchema, migrate } from './schema.js';
import type { SqlDatabase } from './sql-database.interface.js';
import type { SqlEngine } from './sql-engine.interface.js';
import { SERVER_ADVICE, SqlSessionStore } from './sql-session.store.js';

/** Where a database is. */
export type SqlPlace =
  /** `postgres://user:password@host:port/database`, `mysql://…` or `mariadb://…` */
  | { readonly url: string }
  /** A TypeORM data source of the application, initialized. It is not closed with the store. */
  | { readonly dataSource: DataSourceLike };

export type SqlDatabaseOptions = SqlPlace & {
  /** Bound of each statement, and of getting a connection. @default 5000 */
  readonly timeoutMs?: number;
  /** Of the store's own pool. @default 4 */
  readonly connectionsMax?: number;
};

export type SqlStoreOptions = SqlDatabaseOptions & {
  /**
   * Whether missing tables are created and old ones brought up to date.
   *
   * @default true, and false where NODE_ENV is `production`
   */
  readonly migrate?: boolean;
};

export const TIMEOUT_MS_DEFAULT = 5_000;
export const CONNECTIONS_MAX_DEFAULT = 4;

/** One kind of database server. */
interface SqlKind {
  readonly engine: SqlEngine;
  readonly schema: SqlSchema;
  /** Connects when it is first used. */
  readonly openDatabase: (options: SqlDatabaseOptions) => Promise<SqlDatabase>;
  /** Looks at connections that somebody else has set up. @throws InvalidOptionError */
  readonly assertUsable?: (database: SqlDatabase) => Promise<void>;
  /** Settings under which a COMMIT is answered before it is on the disk. */
  readonly warningsOf: (database: SqlDatabase) => Promise<readonly string[]>;
}

/** @throws as openPostgresStore and openMysqlStore say */
export async function openSqlStore(
  { assertUsable, engine, openDatabase, schema, warningsOf }: SqlKind,
  options: SqlStoreOptions,
): Promise<SqlSessionStore> {
  const migrates = options.migrate ?? !isProduction();
  const database = await openDatabase(options);
  try {
    if ('dataSource' in options) await assertUsable?.(database);
    if (migrates) await migrate(database, schema);
    else await assertSchema(database, schema);
    return new SqlSessionStore(database, engine, await warningsOf(database));
  } catch (cause) {
    await database.close();
    if (cause instanceof DtxError) throw cause;
    const advice = SERVER_ADVICE;
    throw new StoreUnavailableError(database.place, messageOf(cause), { cause, advice });
  }
}
