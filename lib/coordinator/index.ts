export type { CoordinatorOptions } from './embedded.js';
export { Coordinator, openCoordinator } from './embedded.js';
export type { Patience, Session } from './core/index.js';
export type {
  ClaimRequest,
  DataSourceLocation,
  MemoryLocation,
  SessionQuery,
  SessionStore,
  StoreAnswer,
  StoreCommand,
  StoreLocation,
} from './store/index.js';
export {
  MemorySessionStore,
  databaseKindOf,
  identityOfStore,
  openMysqlStore,
  openPostgresStore,
  openSqliteStore,
  openStore,
  readStore,
  visitStore,
} from './store/index.js';
export type {
  AccessKey,
  NativeServer,
  NativeServerOptions,
  NativeServerStats,
  TlsOptions,
} from './server/index.js';
export { checkNativeServer, openNativeServer } from './server/index.js';
export { operateAsVisitor } from './visit.js';
export type { Detachment, Origin } from './participants/index.js';
export type { NamespaceCaps } from './worker/index.js';
export { NamespaceCoordinator } from './worker/index.js';
