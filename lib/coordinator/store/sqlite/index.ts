export { canonicalStorePath, openSqliteStore, visitSqliteStore } from './open-store.js';
export { readSessions } from './session-reader.js';
