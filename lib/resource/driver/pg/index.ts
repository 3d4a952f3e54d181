/**
 * PostgreSQL over pg, published as `nestjs-dtx/pg`.
 *
 * @packageDocumentation
 */
export type { AtResourceOptions } from '../../at/index.js';
export { dtxPool } from './dtx-pool.js';
export { wrapPg } from './wrap-pg.js';
export type { PgModule } from './wrap/index.js';
