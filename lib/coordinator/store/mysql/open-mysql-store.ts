import { InvalidOptionError } from '../../../protocol/index.js';
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
import { findMysql2 } from './find-mysql2.js';
import { mysqlEngine } from './mysql-engine.js';
import { MYSQL_SCHEMA } from './mysql-schema.js';
import { kindOfMysqlCommitError, kindOfMysqlError } from './mysql-trouble.js';
import { Mysql2Database } from './mysql2-database.js';

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
export function openMysqlStore(options: SqlStoreOptions): Promise<SqlSessionStore> {
  const kind = {
    engine: mysqlEngine,
    schema: MYSQL_SCHEMA,
    openDatabase: openMysqlDatabase,
    assertUsable: assertAutocommit,
    warningsOf,
  };
  return openSqlStore(kind, options);
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

/** It is a setting of the whole server, which no connection can have otherwise. */
async function warningsOf(database: SqlDatabase): Promise<readonly string[]> {
  const { rows } = await database.query('SELECT @@GLOBAL.innodb_flush_log_at_trx_commit AS flush');
  const flush = Number(rows[0]?.['flush']);
  if (flush === 1) return [];
  return [
    `The server answers a COMMIT before it is on the disk (innodb_flush_log_at_trx_commit = ` +
      `${String(flush)}), so a power failure can take decisions along that were answered. Set it ` +
      `to 1.`,
  ];
}

/** The database below a store. Connects when it is first used. */
export async function openMysqlDatabase(options: SqlDatabaseOptions): Promise<SqlDatabase> {
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
