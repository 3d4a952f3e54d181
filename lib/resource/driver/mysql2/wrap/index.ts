export { wrapMysql2Module } from './wrap-mysql2-module.js';
export type { Mysql2Module } from './wrap-mysql2-module.js';
