export { CONNECT_METHOD } from './connect-method.js';
export * from './conversions.js';
export * from './frame-codec.js';
export * from './protocol-version.js';
export * from './wire-errors.js';
export * from './wire-limits.js';
export type * from './wire-messages.js';
