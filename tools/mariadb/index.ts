export { removeMariadb, startMariadb } from './start-mariadb.js';
export type { MariadbOptions, RunningMariadb } from './start-mariadb.js';
