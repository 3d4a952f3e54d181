export type { CoordinatorOptions } from './embedded.js';
export { Coordinator, openCoordinator } from './embedded.js';
export type { SessionStore, StoreAnswer, StoreCommand } from './store/index.js';
export { MEMORY, canonicalStorePath, openSqliteStore } from './store/index.js';
export { NamespaceCoordinator } from './worker/index.js';
