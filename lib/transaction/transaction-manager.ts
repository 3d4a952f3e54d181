import type { Observable } from 'rxjs';

import type { Clock, CoordinatorClient, DtxLog, GlobalSummary, Ids } from '../protocol/index.js';
import {
  COMMIT_WAIT_MS_DEFAULT,
  ROLLBACK_WAIT_MS_DEFAULT,
  TIMEOUT_MS_DEFAULT,
  assertXid,
  messageOf,
} from '../protocol/index.js';
import { backOffMs } from '../system/index.js';
import type { BranchModeName } from './branch-mode.js';
import { assertBranchMode, runInMode } from './branch-mode.js';
import { Completion } from './completion.js';
import { GlobalTransaction } from './global-transaction.js';
import type { FailureHandler, TransactionHooks, TransactionInfo } from './hooks.js';
import type { LockDefinition, LockOptions } from './lock-options.js';
import { defineLock } from './lock-options.js';
import { executeUnderLock, streamUnderLock } from './lock-template.js';
import type { TransactionDefinition, TransactionOptions } from './transaction-options.js';
import { defineTransaction } from './transaction-options.js';
import { executeInTransaction } from './transactional-template.js';
import { streamInTransaction } from './transactional-stream.js';

/** What a TransactionManager stands on. */
export interface TransactionManagerDeps {
  readonly client: CoordinatorClient;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly applicationId: string;
  /** For transactions that do not say it themselves. @default 60000 */
  readonly timeoutMsDefault?: number;
  /** How long rollback() waits for the branches. @default 10000 */
  readonly rollbackWaitMs?: number;
  readonly commitWaitMs?: number;
  /** For transactions that do not say it themselves. @default 0 */
  readonly lockConflictRetries?: number;
  readonly hooks?: TransactionHooks;
  readonly failureHandler?: FailureHandler;
  readonly log: DtxLog;
}

/** The first pause is about as long as a short transaction, the last as a patient caller waits. */
const RETRY_PAUSE = { minMs: 20, maxMs: 2_000 };

/**
 * Begins and ends global transactions: what `@GlobalTransactional` does, for code that wants to do
 * it itself. Inject it anywhere; DtxModule provides one per application.
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { TransactionManager } from 'nestjs-dtx';
 *
 * @Injectable()
 * export class NightlyJob {
 *   constructor(private readonly transactions: TransactionManager) {}
 *
 *   settle(work: () => Promise<void>): Promise<void> {
 *     return this.transactions.run({ name: 'settle', timeoutMs: 300_000 }, work);
 *   }
 * }
 * ```
 *
 * @publicApi
 */
export class TransactionManager {
  /** @internal */
  readonly client: CoordinatorClient;
  /** @internal */
  readonly completion: Completion;
  readonly applicationId: string;
  readonly #deps: TransactionManagerDeps;
  readonly #timeoutMsDefault: number;

  constructor(deps: TransactionManagerDeps) {
    const { hooks = {}, failureHandler = {}, rollbackWaitMs = ROLLBACK_WAIT_MS_DEFAULT } = deps;
    const { commitWaitMs = COMMIT_WAIT_MS_DEFAULT } = deps;
    this.#deps = deps;
    this.#timeoutMsDefault = deps.timeoutMsDefault ?? TIMEOUT_MS_DEFAULT;
    this.client = deps.client;
    this.applicationId = deps.applicationId;
    this.completion = new Completion({
      ...deps,
      hooks,
      failureHandler,
      rollbackWaitMs,
      commitWaitMs,
    });
  }

  /**
   * Runs the body in a global transaction, by the rules of its propagation: commits when it
   * returns, rolls back when it throws what the rules do not except.
   *
   * @throws what the body throws, or what commit() throws
   */
  run<T>(options: TransactionOptions, body: () => Promise<T> | T): Promise<T> {
    return this.execute(defineTransaction(options, 'TransactionManager.run'), body);
  }

  /**
   * The same for a stream: begins when it is subscribed, commits when it completes, rolls back on
   * an error and when it is unsubscribed before its end.
   */
  stream<T>(options: TransactionOptions, body: () => Observable<T>): Observable<T> {
    return this.executeStream(defineTransaction(options, 'TransactionManager.stream'), body);
  }

  /**
   * Runs the body in no global transaction, but under the global lock: its writes and its locking
   * reads (`SELECT … FOR UPDATE`) wait for rows that global transactions hold, or fail, so that it
   * neither sees nor overwrites what may still be rolled back. What it writes stays when it throws,
   * but for its own local transactions. Inside an active global transaction it changes nothing.
   *
   * @throws LockConflictError (DTX_ERR_RM_LOCK_CONFLICT) at a statement that has waited in vain
   * @throws what the body throws
   *
   * @see Seata `GlobalLockTemplate.execute`
   */
  underLock<T>(options: LockOptions, body: () => Promise<T> | T): Promise<T> {
    return executeUnderLock(defineLock(options, 'TransactionManager.underLock'), body);
  }

  /**
   * Runs the body so that local transactions that begin in it become branches of this mode,
   * whatever their data sources say. It begins no global transaction.
   *
   * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
   * @throws what the body throws
   */
  async inMode<T>(mode: BranchModeName, body: () => Promise<T> | T): Promise<T> {
    assertBranchMode(mode, 'the mode given to TransactionManager.inMode()');
    return runInMode(mode, async () => await body());
  }

  /** @internal Like underLock(), with options that were checked before. */
  executeUnderLock<T>(definition: LockDefinition, body: () => Promise<T> | T): Promise<T> {
    return executeUnderLock(definition, body);
  }

  /** @internal The same for a stream. */
  executeStreamUnderLock<T>(definition: LockDefinition, body: () => Observable<T>): Observable<T> {
    return streamUnderLock(definition, body);
  }

  /** Like run(), with options that were checked before. */
  execute<T>(definition: TransactionDefinition, body: () => Promise<T> | T): Promise<T> {
    return executeInTransaction(this, definition, body);
  }

  /** Like stream(), with options that were checked before. */
  executeStream<T>(definition: TransactionDefinition, body: () => Observable<T>): Observable<T> {
    return streamInTransaction(this, definition, body);
  }

  /**
   * Begins a global transaction and leaves its end to the caller. It is not around the caller:
   * run the work by `transaction.run(…)`. Its propagation is always that of REQUIRES_NEW.
   */
  begin(options: TransactionOptions = {}): Promise<GlobalTransaction> {
    return this.beginDefined(defineTransaction(options, 'TransactionManager.begin'));
  }

  /** @internal */
  async beginDefined(definition: TransactionDefinition): Promise<GlobalTransaction> {
    const { applicationId, hooks, ids } = this.#deps;
    const {
      commitWaitMs,
      lockWaitTimeoutMs,
      name,
      timeoutMs = this.#timeoutMsDefault,
    } = definition;
    const xid = ids.newXid();
    const info: TransactionInfo = { xid, name, applicationId };
    if (hooks?.beforeBegin !== undefined) await this.#beforeBegin(info);
    // A hook that hears of the begin wants it to have happened.
    const mayWait = this.client.keepsOrder === true && hooks?.afterBegin === undefined;
    const begun = this.#beginAtCoordinator(info, timeoutMs, mayWait);
    if (!mayWait) await begun;
    const transaction = new GlobalTransaction({
      manager: this,
      xid,
      name,
      role: 'launcher',
      timeoutMs,
      lockWaitTimeoutMs,
      commitWaitMs,
      begun,
    });
    if (hooks?.afterBegin !== undefined) await this.#afterBegin(info);
    return transaction;
  }

  /**
   * Takes part in a global transaction that another service has begun. It lives until `finish()`.
   *
   * @throws BadXidError (DTX_ERR_BAD_XID)
   */
  join(xid: string): GlobalTransaction {
    return new GlobalTransaction({
      manager: this,
      xid: assertXid(xid),
      name: xid,
      role: 'participant',
      timeoutMs: this.#timeoutMsDefault,
    });
  }

  /** What the coordinator knows of a transaction, whoever began it. */
  async status(xid: string): Promise<GlobalSummary> {
    return this.client.status({ xid: assertXid(xid) });
  }

  /** @internal How often the work is run again after a lock conflict. */
  lockConflictRetriesOf({ lockConflictRetries }: TransactionDefinition): number {
    return lockConflictRetries ?? this.#deps.lockConflictRetries ?? 0;
  }

  /**
   * The pause before the work is run again. Who met the same holder must not come back together.
   *
   * @internal
   */
  async pauseAfterConflict(failures: number, name: string): Promise<void> {
    const { clock, ids, log } = this.#deps;
    const pauseMs = backOffMs(failures, RETRY_PAUSE, ids);
    log.debug(
      `${name} met a locked row and was rolled back; it runs again in ${String(pauseMs)} ms ` +
        `(retry ${String(failures)})`,
    );
    await new Promise<void>((resolve) => {
      clock.after(pauseMs, resolve);
    });
  }

  /** @internal Reports what the template cannot throw. */
  get log(): DtxLog {
    return this.#deps.log;
  }

  async #beginAtCoordinator(
    info: TransactionInfo,
    timeoutMs: number,
    mayWait: boolean,
  ): Promise<void> {
    const { applicationId, name, xid } = info;
    // Not spread: V8 cannot cache the shape of such an object, here and wherever it is read.
    const request = { xid, name, applicationId, timeoutMs, mayWait };
    try {
      await this.client.begin(request);
    } catch (error) {
      await this.#beginFailed(info, error);
      throw error;
    }
  }

  async #beforeBegin(info: TransactionInfo): Promise<void> {
    try {
      await this.#deps.hooks?.beforeBegin?.(info);
    } catch (error) {
      await this.#beginFailed(info, error);
      throw error;
    }
  }

  async #beginFailed(info: TransactionInfo, error: unknown): Promise<void> {
    const { failureHandler, log } = this.#deps;
    log.warn(`Global transaction ${info.name} could not begin: ${messageOf(error)}`);
    try {
      await failureHandler?.onBeginFailure?.(info, error);
    } catch (failure) {
      log.error('The hook onBeginFailure threw; the transaction is not affected', failure);
    }
  }

  async #afterBegin(info: TransactionInfo): Promise<void> {
    try {
      await this.#deps.hooks?.afterBegin?.(info);
    } catch (error) {
      this.#deps.log.error('The hook afterBegin threw; the transaction is not affected', error);
    }
  }
}
