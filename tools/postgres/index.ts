export { findInstalledPrograms } from './installed-server.js';
export { removePostgres, startPostgres } from './start-postgres.js';
export type { PostgresOptions, RunningPostgres } from './start-postgres.js';
