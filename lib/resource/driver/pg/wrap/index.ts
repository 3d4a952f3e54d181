export { wrapPgModule } from './wrap-pg-module.js';
export type { PgModule } from './wrap-pg-module.js';
