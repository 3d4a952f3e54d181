export type { BranchModeName } from './branch-mode.js';
export { assertBranchMode, currentBranchMode, runInMode } from './branch-mode.js';
export { currentTransaction, currentXid, runInContext } from './context.js';
export { markFailedPart } from './failed-part.js';
export { GlobalLock, currentGlobalLock } from './global-lock.js';
export { GlobalTransaction } from './global-transaction.js';
export type { GlobalTransactionRole } from './global-transaction.js';
export type {
  FailureHandler,
  TransactionHook,
  TransactionHooks,
  TransactionInfo,
} from './hooks.js';
export type { LockDefinition, LockOptions } from './lock-options.js';
export { defineLock } from './lock-options.js';
export type { LockWaitOptions } from './lock-wait.js';
export { lockWaitOf } from './lock-wait.js';
export { linkedXid, runLinked } from './linked.js';
export type { ErrorClass, RollbackRule, RollbackRules } from './rollback-rules.js';
export { rollsBack } from './rollback-rules.js';
export { assertParamName, defineTcc } from './tcc-definition.js';
export type { TccDefinition, TccParam } from './tcc-definition.js';
export { TransactionManager } from './transaction-manager.js';
export type { TransactionManagerDeps } from './transaction-manager.js';
export {
  assertLockConflictRetries,
  assertTimeoutMs,
  defineTransaction,
} from './transaction-options.js';
export type { TransactionDefinition, TransactionOptions } from './transaction-options.js';
