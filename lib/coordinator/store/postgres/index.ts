export { openPostgresDatabase, openPostgresStore } from './open-postgres-store.js';
export { POSTGRES_SCHEMA } from './postgres-schema.js';
