/**
 * MySQL and MariaDB over mysql2, published as `nestjs-dtx/mysql2`.
 *
 * @packageDocumentation
 */
export type { AtResourceOptions } from '../../at/index.js';
export { dtxMysqlPool } from './dtx-mysql-pool.js';
export { wrapMysql2 } from './wrap-mysql2.js';
export type { Mysql2Module } from './wrap/index.js';
