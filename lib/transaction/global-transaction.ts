import type { GlobalSummary } from '../protocol/index.js';
import {
  BranchStillOpenError,
  NotLauncherError,
  RollbackOnlyError,
  TransactionFinishedError,
  TransactionRolledBackError,
  TransactionTimedOutError,
  isCommitDecided,
} from '../protocol/index.js';
import { runInContext } from './context.js';
import type { TransactionManager } from './transaction-manager.js';

/** Who it speaks for: the service that began the transaction, or one that takes part. @publicApi */
export type GlobalTransactionRole = 'launcher' | 'participant';

type State = 'active' | 'ending' | 'committed' | 'rolled-back' | 'finished';

interface GlobalTransactionInit {
  readonly manager: TransactionManager;
  readonly xid: string;
  readonly name: string;
  readonly role: GlobalTransactionRole;
  readonly timeoutMs: number;
  /** How long its statements wait for rows of others; undefined = what the resource says. */
  readonly lockWaitTimeoutMs?: number | undefined;
  /** How long commit() waits for TCC and XA branches; undefined = the manager's default. */
  readonly commitWaitMs?: number | undefined;
  /** Settles when the coordinator has it, or has refused it. */
  readonly begun?: Promise<void>;
}

/**
 * One global transaction, as seen from one service. The same xid has one such object in each
 * service that takes part.
 *
 * @example
 * ```ts
 * import type { TransactionManager } from 'nestjs-dtx';
 *
 * export async function transfer(manager: TransactionManager, work: () => Promise<void>) {
 *   const transaction = await manager.begin({ name: 'transfer' });
 *   try {
 *     await transaction.run(work);
 *   } catch (error) {
 *     await transaction.rollback();
 *     throw error;
 *   }
 *   await transaction.commit();
 * }
 * ```
 *
 * @publicApi
 */
export class GlobalTransaction {
  readonly xid: string;
  readonly name: string;
  readonly role: GlobalTransactionRole;
  readonly manager: TransactionManager;
  readonly timeoutMs: number;
  /** How long its statements wait for rows of others; undefined = what the resource says. */
  readonly lockWaitTimeoutMs: number | undefined;
  /** How long commit() waits for TCC and XA branches; undefined = the manager's default. */
  readonly commitWaitMs: number | undefined;
  #state: State = 'active';
  #rollbackOnly: string | undefined;
  #markOfOthers: string | undefined;
  readonly #begun: Promise<void> | undefined;
  /** The coordinator has it for sure. */
  #hasBegun = false;
  #openCount = 0;
  #hasWorked = false;
  #isSpared = false;

  /** @internal Use TransactionManager.begin() or join(). */
  constructor(init: GlobalTransactionInit) {
    this.manager = init.manager;
    this.xid = init.xid;
    this.name = init.name;
    this.role = init.role;
    this.timeoutMs = init.timeoutMs;
    this.lockWaitTimeoutMs = init.lockWaitTimeoutMs;
    this.commitWaitMs = init.commitWaitMs;
    this.#begun = init.begun;
    const begun = (): void => {
      this.#hasBegun = true;
    };
    // Whoever ends the transaction reads a failure; until then nobody may stumble over it.
    this.#begun?.then(begun, () => undefined);
  }

  /** Whether work can still become part of it, as far as this service knows. */
  get isActive(): boolean {
    return this.#state === 'active';
  }

  /**
   * Whether it is known here that it was rolled back.
   *
   * @internal
   */
  get isRolledBack(): boolean {
    return this.#state === 'rolled-back';
  }

  /**
   * Why a part of it has forbidden the commit, here or in another service; known at its end.
   *
   * @internal
   */
  get failedPart(): string | undefined {
    return this.#rollbackOnly ?? this.#markOfOthers;
  }

  /** Why commit() will refuse, if setRollbackOnly() was called here. */
  get rollbackOnlyReason(): string | undefined {
    return this.#rollbackOnly;
  }

  /**
   * @param what the work that wants to be part of it, for the message
   * @throws TransactionFinishedError (DTX_ERR_TM_FINISHED)
   */
  assertActive(what: string): void {
    if (this.#state !== 'active') throw new TransactionFinishedError(this.xid, what);
  }

  /** Runs the body with this transaction around it. It neither commits nor rolls back. */
  async run<T>(body: () => Promise<T> | T): Promise<T> {
    this.assertActive(`run() of ${this.name}`);
    return runInContext(this, async () => await body());
  }

  /**
   * Makes the work of all branches final. Returns when the decision is durable, and the branches
   * in TCC and XA mode are finished or `commitWaitMs` is over; AT branches are cleaned up behind
   * it. Repeating it after success does nothing.
   *
   * @throws RollbackOnlyError, TransactionTimedOutError, TransactionRolledBackError: all branches
   *   are or will be restored
   * @throws BranchStillOpenError a local transaction was not awaited; it was rolled back
   * @throws OutcomeUnknownError the answer was lost: ask status() before anything else
   */
  async commit(): Promise<void> {
    this.#assertLauncher('commit');
    if (this.#state === 'committed') return;
    this.assertActive('commit()');
    const { completion } = this.manager;
    // Each await costs the hot path a promise, so there is none where nobody listens.
    if (completion.hasBeforeCommit) await completion.beforeCommit(this);
    if (this.#rollbackOnly !== undefined || this.#openCount > 0) await this.#refuseCommit();
    this.#state = 'ending';
    const summary = await this.#askForCommit();
    if (summary.status !== 'absent' && isCommitDecided(summary.status)) {
      this.#state = 'committed';
      if (completion.hasAfterCommit) await completion.afterCommit(this);
      return;
    }
    this.#state = 'rolled-back';
    const error = this.#commitError(summary);
    await completion.commitFailed(this, error);
    await completion.afterRollback(this);
    throw error;
  }

  /**
   * Restores what all branches have changed. Returns when that is done, or after the manager's
   * `rollbackWaitMs` with `rolling-back`: then the coordinator goes on by itself. May be repeated.
   *
   * @throws OutcomeUnknownError the answer was lost; the transaction will still be rolled back,
   *   at the latest by its timeout, unless a commit was asked for before
   */
  async rollback(): Promise<GlobalSummary> {
    this.#assertLauncher('rollback');
    if (this.#state === 'committed') throw new TransactionFinishedError(this.xid, 'rollback()');
    this.#state = 'ending';
    const summary = await this.manager.completion.rollback(this);
    this.#markOfOthers = summary.rollbackOnly;
    // A commit whose answer was lost may have been decided before: then that is what stands.
    const committed = summary.status !== 'absent' && isCommitDecided(summary.status);
    this.#state = committed ? 'committed' : 'rolled-back';
    return summary;
  }

  /**
   * Resolves when the coordinator has the transaction.
   *
   * @throws what its begin was refused with
   * @internal
   */
  async assertBegun(): Promise<void> {
    await this.#begun;
  }

  /** Asks the coordinator what it knows. */
  status(): Promise<GlobalSummary> {
    return this.manager.status(this.xid);
  }

  /**
   * Forbids the commit, for everybody in it and for good. A service that takes part resolves only
   * when the coordinator has it, so it can answer its caller afterwards.
   *
   * @param reason shown in RollbackOnlyError. @default 'setRollbackOnly() was called'
   */
  async setRollbackOnly(reason = 'setRollbackOnly() was called'): Promise<void> {
    this.#rollbackOnly ??= reason;
    // The launcher decides here, and looks at its own mark first.
    if (this.role === 'launcher') return;
    await this.manager.client.setRollbackOnly({ xid: this.xid, reason });
  }

  /**
   * Whether a local transaction of this global one has begun here.
   *
   * @internal for inbound carriers
   */
  get hasWorked(): boolean {
    return this.#hasWorked;
  }

  /**
   * The rules of an annotated method have let a failure through: whoever sees it next is not to
   * mark the transaction for it.
   *
   * @internal
   */
  spare(): void {
    this.#isSpared = true;
  }

  /**
   * Whether the last thing that happened here is a failure that was let through.
   *
   * @internal for inbound carriers
   */
  get isSpared(): boolean {
    return this.#isSpared;
  }

  /**
   * A local transaction of this global one begins; the returned function says that it has ended.
   *
   * @internal for resource managers
   */
  enter(what: string): () => void {
    this.assertActive(what);
    this.#openCount += 1;
    this.#hasWorked = true;
    // What fails after this is another failure than the one that was let through.
    this.#isSpared = false;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#openCount -= 1;
    };
  }

  /**
   * Ends a participant's part: whoever still runs in its context gets TransactionFinishedError.
   *
   * @returns how many local transactions it has left open
   * @internal for inbound carriers
   */
  finish(): number {
    if (this.#state === 'active') this.#state = 'finished';
    return this.#openCount;
  }

  /**
   * The commit comes behind the begin, so it need not wait for it. If there was no begin, that is
   * the error: the coordinator knows nothing of what was to be committed.
   */
  #askForCommit(): Promise<GlobalSummary> {
    const asked = this.manager.completion.commit(this);
    if (this.#begun === undefined || this.#hasBegun) return asked;
    return asked.finally(() => this.#begun);
  }

  async #refuseCommit(): Promise<void> {
    if (this.#rollbackOnly !== undefined) {
      await this.#rollbackInstead(new RollbackOnlyError(this.xid, this.#rollbackOnly));
    }
    if (this.#openCount > 0) {
      await this.#rollbackInstead(new BranchStillOpenError(this.xid, this.#openCount));
    }
  }

  async #rollbackInstead(error: Error): Promise<never> {
    await this.manager.completion.commitFailed(this, error);
    await this.rollback();
    throw error;
  }

  #commitError(summary: GlobalSummary): Error {
    if (summary.reason === 'timeout') return new TransactionTimedOutError(this.xid, this.timeoutMs);
    if (summary.reason === 'rollback-only') {
      return new RollbackOnlyError(this.xid, summary.rollbackOnly ?? 'no reason given');
    }
    return new TransactionRolledBackError(this.xid, summary.reason ?? 'absent');
  }

  #assertLauncher(what: string): void {
    if (this.role !== 'launcher') throw new NotLauncherError(this.xid, what);
  }
}
