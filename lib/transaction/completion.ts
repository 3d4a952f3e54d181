import type { CoordinatorClient, DtxLog, GlobalSummary } from '../protocol/index.js';
import { messageOf } from '../protocol/index.js';
import type { GlobalTransaction } from './global-transaction.js';
import type {
  FailureHandler,
  TransactionHook,
  TransactionHooks,
  TransactionInfo,
} from './hooks.js';

interface CompletionDeps {
  readonly client: CoordinatorClient;
  readonly applicationId: string;
  readonly rollbackWaitMs: number;
  readonly commitWaitMs: number;
  readonly hooks: TransactionHooks;
  readonly failureHandler: FailureHandler;
  readonly log: DtxLog;
}

/** The calls that end a transaction, with the hooks around them. */
export class Completion {
  readonly #deps: CompletionDeps;

  constructor(deps: CompletionDeps) {
    this.#deps = deps;
  }

  get hasBeforeCommit(): boolean {
    return this.#deps.hooks.beforeCommit !== undefined;
  }

  /** Whether somebody wants to hear of a commit. */
  get hasAfterCommit(): boolean {
    const { afterCommit, afterCompletion } = this.#deps.hooks;
    return afterCommit !== undefined || afterCompletion !== undefined;
  }

  /** Its error stops the commit: the template rolls back. */
  async beforeCommit(transaction: GlobalTransaction): Promise<void> {
    await this.#deps.hooks.beforeCommit?.(this.#info(transaction));
  }

  async commit(transaction: GlobalTransaction): Promise<GlobalSummary> {
    try {
      const { xid } = transaction;
      const decided = await this.#deps.client.commit({ xid, waitMs: 0 });
      const waitMs = transaction.commitWaitMs ?? this.#deps.commitWaitMs;
      if (waitMs === 0 || !isAwaited(decided)) return decided;
      // The decision stands, whatever keeps us from seeing its end.
      return await this.#deps.client.commit({ xid, waitMs }).catch(() => decided);
    } catch (error) {
      await this.commitFailed(transaction, error);
      throw error;
    }
  }

  async afterCommit(transaction: GlobalTransaction): Promise<void> {
    const { hooks } = this.#deps;
    await this.#tell(transaction, 'afterCommit', hooks.afterCommit);
    await this.#tell(transaction, 'afterCompletion', hooks.afterCompletion);
  }

  /** The rollback has ended, or the answer to a commit was that it had been rolled back. */
  async afterRollback(transaction: GlobalTransaction): Promise<void> {
    const { hooks } = this.#deps;
    await this.#tell(transaction, 'afterRollback', hooks.afterRollback);
    await this.#tell(transaction, 'afterCompletion', hooks.afterCompletion);
  }

  async commitFailed(transaction: GlobalTransaction, error: unknown): Promise<void> {
    const { failureHandler, log } = this.#deps;
    log.warn(`Commit of ${transaction.name} ${transaction.xid} failed: ${messageOf(error)}`);
    await this.#guard('onCommitFailure', () =>
      failureHandler.onCommitFailure?.(this.#info(transaction), error),
    );
  }

  async rollback(transaction: GlobalTransaction): Promise<GlobalSummary> {
    const { client, hooks, rollbackWaitMs } = this.#deps;
    await this.#tell(transaction, 'beforeRollback', hooks.beforeRollback);
    try {
      const summary = await client.rollback({ xid: transaction.xid, waitMs: rollbackWaitMs });
      if (summary.status === 'rolling-back') await this.#pending(transaction, summary);
      return summary;
    } catch (error) {
      await this.#rollbackFailed(transaction, error);
      throw error;
    } finally {
      await this.afterRollback(transaction);
    }
  }

  async #pending(transaction: GlobalTransaction, summary: GlobalSummary): Promise<void> {
    const { failureHandler, log } = this.#deps;
    const waiting = summary.branches
      .filter((branch) => branch.status === 'registered' || branch.status === 'needs-attention')
      .map((branch) => `${branch.resourceId} (${branch.lastError ?? branch.status})`);
    log.warn(
      `${transaction.name} ${transaction.xid} is rolling back, but not restored yet at ` +
        `${waiting.join(', ')}. The coordinator goes on; its rows stay locked meanwhile.`,
    );
    await this.#guard('onRollbackPending', () =>
      failureHandler.onRollbackPending?.(this.#info(transaction), summary),
    );
  }

  async #rollbackFailed(transaction: GlobalTransaction, error: unknown): Promise<void> {
    const { failureHandler, log } = this.#deps;
    log.error(`Rollback of ${transaction.name} ${transaction.xid} failed`, error);
    await this.#guard('onRollbackFailure', () =>
      failureHandler.onRollbackFailure?.(this.#info(transaction), error),
    );
  }

  async #tell(
    transaction: GlobalTransaction,
    name: string,
    hook: TransactionHook | undefined,
  ): Promise<void> {
    if (hook === undefined) return;
    await this.#guard(name, () => hook(this.#info(transaction)));
  }

  /** What is told after the fact cannot change it, so a listener's error ends here. */
  async #guard(name: string, call: () => void | Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#deps.log.error(`The hook ${name} threw; the transaction is not affected`, error);
    }
  }

  #info(transaction: GlobalTransaction): TransactionInfo {
    const { applicationId } = this.#deps;
    return { xid: transaction.xid, name: transaction.name, applicationId };
  }
}

/** Whether the effect of a branch is not to be seen before phase two; AT's is. */
const isAwaited = ({ branches, status }: GlobalSummary): boolean =>
  status === 'committing' &&
  branches.some((branch) => branch.type !== 'AT' && branch.status === 'registered');
