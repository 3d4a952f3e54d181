export * from './config.errors.js';
export * from './coordinator.errors.js';
export type { DtxErrorClass } from './dtx.error.js';
export { DtxError, codeOf, messageOf } from './dtx.error.js';
export { errorLike } from './error-like.js';
export * from './protocol.errors.js';
export * from './resource.errors.js';
export * from './tcc.errors.js';
export * from './transaction.errors.js';
