export { MemorySessionStore } from './memory/index.js';
export { identityOfStore, openStore, readStore, visitStore } from './open-store.js';
export type { DataSourceLocation, MemoryLocation, StoreLocation } from './open-store.js';
export { openMysqlStore } from './mysql/index.js';
export { openPostgresStore } from './postgres/index.js';
export type {
  ClaimRequest,
  PostedWait,
  PurgeCommand,
  SessionQuery,
  SessionStore,
  StoreAnswer,
  StoreCommand,
  WaitBoard,
  WaitPosting,
} from './session-store.interface.js';
export { openSqliteStore } from './sqlite/index.js';
export { databaseKindOf, databaseKindOfSource, placeOfUrl } from './store-url.js';
export type { DatabaseKind } from './store-url.js';
export { writeFailure } from './write-failure.js';
