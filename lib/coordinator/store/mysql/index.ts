export { openMysqlDatabase, openMysqlStore } from './open-mysql-store.js';
export { MYSQL_SCHEMA } from './mysql-schema.js';
