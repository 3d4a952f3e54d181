export type {
  Claim,
  PurgeCommand,
  SessionStore,
  StoreAnswer,
  StoreCommand,
} from './session-store.interface.js';
export { MEMORY, canonicalStorePath, openSqliteStore } from './sqlite/index.js';
