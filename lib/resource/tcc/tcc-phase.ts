import { AsyncLocalStorage } from 'node:async_hooks';

import {
  DTX_TCC_CONTEXT,
  TccSecondLocalTransactionError,
  TransactionFinishedError,
} from '../../protocol/index.js';
import type { GlobalTransaction } from '../../transaction/index.js';
import { currentTransaction } from '../../transaction/index.js';
import type { BranchTag } from '../at/index.js';
import type { DtxResource } from '../dtx-resource.interface.js';
import type { TccContext } from './tcc-context.js';
import type { TccFences } from './tcc-fences.interface.js';

export type TccPhaseKind = 'try' | 'confirm' | 'cancel';

/** The data source that guards an action, with its fence rows. */
export interface TccGuard {
  readonly resource: DtxResource;
  readonly resourceId: string;
  readonly fences: TccFences;
}

interface TccPhaseInit {
  readonly kind: TccPhaseKind;
  readonly tag: BranchTag;
  /** Around a try; phase two runs in none. */
  readonly transaction: GlobalTransaction | undefined;
  readonly context: TccContext;
  readonly guard: TccGuard | undefined;
}

/** One run of a try, a confirm or a cancel, as local transactions that begin in it see it. */
export class TccPhase {
  /** Known by it, since the package may be there twice. */
  readonly isTccPhase = true;
  readonly kind: TccPhaseKind;
  readonly tag: BranchTag;
  readonly transaction: GlobalTransaction | undefined;
  readonly context: TccContext;
  readonly guard: TccGuard | undefined;
  #local: 'none' | 'open' | 'committed' = 'none';
  #isOver = false;

  constructor(init: TccPhaseInit) {
    this.kind = init.kind;
    this.tag = init.tag;
    this.transaction = init.transaction;
    this.context = init.context;
    this.guard = init.guard;
  }

  get xid(): string {
    return this.tag.xid;
  }

  get lockWaitTimeoutMs(): number | undefined {
    return this.transaction?.lockWaitTimeoutMs;
  }

  get isActive(): boolean {
    return this.transaction?.isActive ?? !this.#isOver;
  }

  /** Whether its fence row is written, and with it what its method has done. */
  get isFenced(): boolean {
    return this.#local === 'committed';
  }

  /** @throws TransactionFinishedError the method has ended, and somebody still works for it */
  assertActive(what: string): void {
    if (this.#isOver) throw new TransactionFinishedError(this.xid, what);
    this.transaction?.assertActive(what);
  }

  /** @throws TccSecondLocalTransactionError (DTX_ERR_RM_TCC_SECOND) */
  localBegins(resourceId: string): void {
    if (this.#local !== 'none') {
      const { branchId, xid } = this.tag;
      throw new TccSecondLocalTransactionError(
        { xid, branchId, action: this.context.name, resourceId },
        'its fence guards one local transaction. Put all writes of the method into one, such as ' +
          'dataSource.transaction(…).',
      );
    }
    this.#local = 'open';
  }

  localEnds(isCommitted: boolean): void {
    this.#local = isCommitted ? 'committed' : 'none';
  }

  /** What is begun from now on came too late. */
  over(): void {
    this.#isOver = true;
  }
}

// On globalThis, so that two copies of the package in one process see the same.
const slot = globalThis as unknown as Record<symbol, AsyncLocalStorage<TccPhase> | undefined>;
const storage = (slot[DTX_TCC_CONTEXT] ??= new AsyncLocalStorage<TccPhase>());

/** The phase that the caller works for; not what a transaction of its own inside of it does. */
export function currentTccPhase(): TccPhase | undefined {
  const phase = storage.getStore();
  return phase !== undefined && phase.transaction === currentTransaction() ? phase : undefined;
}

export function runInTccPhase<T>(phase: TccPhase, body: () => T): T {
  return storage.run(phase, body);
}

/**
 * The context of the TCC action whose method is running: what a try notes in it reaches confirm
 * and cancel.
 *
 * @example
 * ```ts
 * import { currentTccContext } from 'nestjs-dtx';
 *
 * export function noteHold(holdId: string): void {
 *   currentTccContext()?.note('holdId', holdId);
 * }
 * ```
 *
 * @publicApi
 */
export function currentTccContext(): TccContext | undefined {
  return currentTccPhase()?.context;
}
