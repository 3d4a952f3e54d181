export type { DataSourceLike } from './data-source.database.js';
export { DataSourceDatabase } from './data-source.database.js';
export type { SqlDatabaseOptions, SqlStoreOptions } from './open-sql-store.js';
export { CONNECTIONS_MAX_DEFAULT, TIMEOUT_MS_DEFAULT, openSqlStore } from './open-sql-store.js';
export type { SqlSchema } from './schema.js';
export { migrate, missingVersions } from './schema.js';
export type {
  SqlConnection,
  SqlDatabase,
  SqlResult,
  SqlRow,
  SqlValue,
  TroubleKind,
} from './sql-database.interface.js';
export { SqlTrouble } from './sql-database.interface.js';
export type { LapsedClaim, SqlEngine, WaitPost } from './sql-engine.interface.js';
export { SqlSessionStore } from './sql-session.store.js';
export type { WriteParameters } from './write-parameters.js';
export { keyParameter, writeParameters } from './write-parameters.js';
