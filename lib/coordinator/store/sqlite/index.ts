export { MEMORY, canonicalStorePath, openSqliteStore } from './open-store.js';
export { readSessions } from './session-reader.js';
export type { ReadLimits, StoredSessions } from './session-reader.js';
