import type { GlobalSummary } from '../protocol/index.js';

/**
 * What hooks and failure handlers are told.
 *
 * @publicApi
 */
export interface TransactionInfo {
  readonly xid: string;
  readonly name: string;
  readonly applicationId: string;
}

/** A step around a transaction. @publicApi */
export type TransactionHook = (info: TransactionInfo) => void | Promise<void>;

/**
 * Called by the launcher, in this order. What `beforeBegin` or `beforeCommit` throws stops the
 * transaction (after `beforeCommit`: it is rolled back) and reaches the caller; what the others
 * throw is logged, since nothing can be changed any more.
 *
 * @publicApi
 */
export interface TransactionHooks {
  readonly beforeBegin?: TransactionHook;
  readonly afterBegin?: TransactionHook;
  readonly beforeCommit?: TransactionHook;
  readonly afterCommit?: TransactionHook;
  readonly beforeRollback?: TransactionHook;
  readonly afterRollback?: TransactionHook;
  /** After commit and after rollback, however they went. */
  readonly afterCompletion?: TransactionHook;
}

/**
 * Told when ending a transaction did not go as asked, for alarms. Seata's FailureHandler.
 *
 * @publicApi
 */
export interface FailureHandler {
  onBeginFailure?(info: TransactionInfo, error: unknown): void | Promise<void>;
  onCommitFailure?(info: TransactionInfo, error: unknown): void | Promise<void>;
  onRollbackFailure?(info: TransactionInfo, error: unknown): void | Promise<void>;
  /** The rollback is decided, but a branch is not restored yet; the coordinator goes on trying. */
  onRollbackPending?(info: TransactionInfo, summary: GlobalSummary): void | Promise<void>;
}
