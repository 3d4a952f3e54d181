import {
  DtxError,
  InvalidOptionError,
  StoreUnavailableError,
  messageOf,
} from '../../../protocol/index.js';
import { isProduction, systemClock } from '../../../system/index.js';
import type { DataSourceLike, SqlDatabase } from '../sql/index.js';
import {
  DataSourceDatabase,
  SERVER_ADVICE,
  SqlSessionStore,
  assertSchema,
  migrate,
} from '../sql/index.js';
import { findMysql2 } from './find-mysql2.js';
import { mysqlEngine } from './mysql-engine.js';
import { MYSQL_SCHEMA } from './mysql-schema.js';
import { kindOfMysqlCommitError, kindOfMysqlError } from './mysql-trouble.js';
import { Mysql2Database } from './mysql2-database.js';

/** Where the database is. */
export type MysqlPlace =
  /** `mysql://user:password@host:port/database`, or `mariadb://…` */
  | { readonly url: string }
  /** A TypeORM data source of the application, initialized. It is not closed with the store. */
  | { readonly dataSource: DataSourceLike };

export interface MysqlBounds {
  /** Bound of each statement, and of making a connection. @default 5000 */
  readonly timeoutMs?: number;
  /** Of the store's own pool. @default 4 */
  readonly connectionsMax?: number;
}

export type MysqlStoreOptions = MysqlPlace &
  MysqlBounds & {
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
 * Opens a coordinator's store in MariaDB 10.6 or later, which several coordinators may share. The
 * statements are written for MySQL 8.0 too, and not verified there.
 *
 * A decision is as durable as the server's commits: leave `innodb_flush_log_at_trx_commit` at 1.
 *
 * @throws MissingPeerError when the package mysql2 is not there
 * @throws SchemaTooOldError when tables are missing and are not to be created here
 * @throws SchemaTooNewError when a newer version of this package has set them up
 * @throws StoreUnavailableError when the database cannot be reached or read
 * @throws InvalidOptionError for a URL that is none, and a data source without autocommit
 */
export async function openMysqlStore(options: MysqlStoreOptions): Promise<SqlSessionStore> {
  const database = await openMysqlDatabase(options);
  const migrates = options.migrate ?? !isProduction();
  try {
    // Connections of our own are set up; those of a data source are as the application has them.
    if ('dataSource' in options) await assertAutocommit(database);
    if (migrates) await migrate(database, MYSQL_SCHEMA);
    else await assertSchema(database, MYSQL_SCHEMA);
    return new SqlSessionStore(database, mysqlEngine);
  } catch (cause) {
    await database.close();
    if (cause instanceof DtxError) throw cause;
    throw new StoreUnavailableError(database.place, messageOf(cause), {
      cause,
      advice: SERVER_ADVICE,
    });
  }
}

/** Without autocommit nothing that is written outside a transaction would ever be durable. */
async function assertAutocommit(database: SqlDatabase): Promise<void> {
  const { rows } = await database.query('SELECT @@SESSION.autocommit AS is_on');
  if (Number(rows[0]?.['is_on']) === 1) return;
  throw new InvalidOptionError({
    option: 'coordinator.store.dataSource',
    value: 'autocommit = 0',
    fix:
      'Turn autocommit on for its connections (SET autocommit = 1, in the server or in what sets ' +
      'them up), or name a URL instead.',
  });
}

/** The database below a store. Connects when it is first used. */
export async function openMysqlDatabase(options: MysqlPlace & MysqlBounds): Promise<SqlDatabase> {
  const { connectionsMax = CONNECTIONS_MAX_DEFAULT, timeoutMs = TIMEOUT_MS_DEFAULT } = options;
  const clock = systemClock;
  if ('dataSource' in options) {
    const { dataSource } = options;
    const kinds = { kindOf: kindOfMysqlError, kindOfCommit: kindOfMysqlCommitError };
    return new DataSourceDatabase(dataSource, { clock, timeoutMs, ...kinds });
  }
  const { url } = options;
  return new Mysql2Database(await findMysql2(), { clock, url, timeoutMs, connectionsMax });
}
