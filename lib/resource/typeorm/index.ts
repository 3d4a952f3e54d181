/**
 * TypeORM data sources as AT resources, published as `nestjs-dtx/typeorm`.
 *
 * @packageDocumentation
 */
export type { AtResourceOptions } from '../at/index.js';
export { withDtx } from './with-dtx.js';
export type { WrappableOptions } from './with-dtx.js';
