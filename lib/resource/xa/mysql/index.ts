export { MysqlXaEngine } from './mysql-xa-engine.js';
export { XAER_OUTSIDE, answerOf } from './server-errors.js';
