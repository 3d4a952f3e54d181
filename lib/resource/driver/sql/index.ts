export type { LockingRead, NotUnderstood } from './slice-locking-read.js';
export type { FromTable } from './from-items.js';
export { sliceLockingRead } from './slice-locking-read.js';
export type { SqlDialect, SqlToken } from './sql-token.js';
