import { AsyncLocalStorage } from 'node:async_hooks';

import type {
  BranchHandler,
  BranchOutcome,
  BranchTarget,
  Detach,
  Timer,
} from '../../protocol/index.js';
import {
  FencedError,
  ResourceNotStartedError,
  TccOutsideTransactionError,
  assertBranch,
  messageOf,
} from '../../protocol/index.js';
import { failpoint } from '../../system/index.js';
import type { GlobalTransaction, TccDefinition } from '../../transaction/index.js';
import { currentTransaction, runInContext } from '../../transaction/index.js';
import type { BranchTag } from '../at/index.js';
import type { DtxResource, ResourceHost, ResourceReport } from '../dtx-resource.interface.js';
import { purgeFencesRegularly } from '../purge-fences.js';
import { decodeValues, encodeValues } from './context-values.js';
import type { Ending } from './endings.js';
import { DONE, FOUND, methodOf, readOrCannot } from './endings.js';
import { PhasePassedError, notesText } from './fenced-work.js';
import { pickValues } from './pick-values.js';
import { TccContext } from './tcc-context.js';
import { TCC_FENCE } from './tcc-fences.interface.js';
import type { TccFenceRow } from './tcc-fences.interface.js';
import type { TccGuard } from './tcc-phase.js';
import { TccPhase, runInTccPhase } from './tcc-phase.js';

interface TccResourceInit {
  readonly definition: TccDefinition;
  /** The object whose confirm and cancel are called. */
  readonly target: () => Promise<object>;
  /** Undefined: the action looks after its own idempotence. */
  readonly guard: TccGuard | undefined;
}

/** One TCC action of this application: its tries, and phase two of its branches. */
export class TccResource implements DtxResource, BranchHandler {
  readonly type = 'TCC';
  readonly kind: string;
  readonly #init: TccResourceInit;
  readonly #outside = AsyncLocalStorage.snapshot();
  readonly #running = new Map<string, Promise<BranchOutcome>>();
  #host: ResourceHost | undefined;
  #detach: Detach | undefined;
  #purge: Timer | undefined;

  constructor(init: TccResourceInit) {
    this.#init = init;
    this.kind = `TCC action ${init.definition.name}`;
  }

  get resourceId(): string {
    return this.#init.definition.name;
  }

  resourceIdFor(): string {
    return this.resourceId;
  }

  async start(host: ResourceHost): Promise<ResourceReport> {
    await this.stop();
    this.#host = host;
    this.#detach = await host.client.attach(this);
    const { definition, guard } = this.#init;
    if (guard !== undefined) {
      this.#purge = purgeFencesRegularly(host, this.resourceId, (olderThanMs) =>
        guard.fences.purge(this.resourceId, olderThanMs),
      );
    }
    const isOpen = guard === undefined && definition.fence === undefined;
    const summary =
      guard === undefined ? 'TCC without fence' : `TCC, fenced at ${guard.resourceId}`;
    return { resourceId: this.resourceId, summary, warnings: isOpen ? [this.#unfenced()] : [] };
  }

  async stop(): Promise<void> {
    this.#purge?.cancel();
    const detach = this.#detach;
    this.#detach = undefined;
    await detach?.();
    this.#host = undefined;
  }

  /**
   * Registers a branch and runs the try as its phase one.
   *
   * @throws TccOutsideTransactionError, TransactionFinishedError, GlobalNotActiveError: the try was
   *   not called
   * @throws FencedError the cancel has come before the try
   * @throws what the try throws
   */
  async runTry(args: readonly unknown[], proceed: () => unknown): Promise<unknown> {
    const { definition } = this.#init;
    const host = this.#mustBeStarted();
    const transaction = currentTransaction();
    if (transaction === undefined) throw new TccOutsideTransactionError(definition.name);
    transaction.assertActive(`The try of ${definition.name}`);
    const tag = { xid: transaction.xid, branchId: host.ids.newBranchId() };
    const params = pickValues(definition, args);
    // Awaited: a try that the coordinator does not know would never be cancelled.
    await host.client.registerBranch({
      ...tag,
      type: this.type,
      resourceId: this.resourceId,
      applicationId: host.applicationId,
      data: encodeValues(definition.name, params),
    });
    const context = new TccContext({ tag, name: definition.name, params, ...this.#notable() });
    const phase = this.#phaseOf('try', context, transaction);
    failpoint('tcc.try.before');
    try {
      const result = await runInTccPhase(phase, async () => await proceed());
      if (!phase.isFenced) await this.#enter(phase);
      failpoint('tcc.try.done');
      return result;
    } catch (error) {
      await this.#tryFailed(phase, transaction, error);
      throw error;
    } finally {
      phase.over();
    }
  }

  commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return Promise.all(targets.map((target) => this.#endOnce('confirm', target)));
  }

  rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return Promise.all(targets.map((target) => this.#endOnce('cancel', target)));
  }

  /** A call that is repeated while the first one still runs waits for it. */
  #endOnce(ending: Ending, target: BranchTarget): Promise<BranchOutcome> {
    const key = `${ending} ${target.branchId}`;
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    // Not in the context of whoever has caused the call: it is no part of that.
    const started = this.#outside(() => this.#end(ending, target)).finally(() => {
      this.#running.delete(key);
    });
    this.#running.set(key, started);
    return started;
  }

  /** The try has done nothing at its data source; its fence row says that it was there. */
  async #enter(phase: TccPhase): Promise<void> {
    const { definition, guard } = this.#init;
    if (guard === undefined) return;
    const { fences, resourceId } = guard;
    const { branchId, xid } = phase.tag;
    if ((await fences.carryOut(fences.enterText(phase.tag, definition.name))) !== 1) {
      throw new FencedError(xid, branchId, resourceId);
    }
    if (phase.context.notes.size > 0) await fences.carryOut(notesText(fences, phase));
  }

  /**
   * Confirm must come only behind a try that went well, also where the caller goes on without it.
   * What has done nothing, and cannot do anything later, is no branch any more.
   */
  async #tryFailed(phase: TccPhase, transaction: GlobalTransaction, error: unknown): Promise<void> {
    const reason = `the try of ${this.resourceId} failed: ${messageOf(error)}`;
    const { guard } = this.#init;
    try {
      if (guard !== undefined && !phase.isFenced) {
        const { state } = await guard.fences.bury(phase.tag, this.resourceId);
        if (state === TCC_FENCE.tombstone) {
          await this.#host?.client.abandonBranch({ ...phase.tag, reason });
          return;
        }
      }
    } catch {
      // Not settled: then the cancel will settle it.
    }
    if (!transaction.isActive) return;
    await transaction.setRollbackOnly(reason).catch((lost: unknown) => {
      // The caller gets the error of the try; whoever goes on in spite of it must be found.
      this.#host?.log.error(`${phase.xid} was not marked rollback-only: ${reason}`, lost);
    });
  }

  async #end(ending: Ending, target: BranchTarget): Promise<BranchOutcome> {
    const checked = readOrCannot(() => assertBranch(target));
    if ('cannot' in checked) return checked.cannot;
    try {
      failpoint(`tcc.${ending}.received`);
      const row = await this.#rowFor(ending, target);
      const found = row === undefined ? undefined : FOUND[ending][row.state];
      if (found !== undefined) return found;
      const outcome = await this.#call(ending, target, row);
      failpoint(`tcc.${ending}.done`);
      return outcome;
    } catch (error) {
      return this.#endedMeanwhile(ending, target, error);
    }
  }

  /** Undefined without a fence: then the method decides. */
  async #rowFor(ending: Ending, tag: BranchTag): Promise<TccFenceRow | undefined> {
    const { guard } = this.#init;
    if (guard === undefined) return undefined;
    // Inserted without a look before: a locking read of a missing row would lock the gap.
    if (ending === 'cancel') {
      const buried = await guard.fences.bury(tag, this.resourceId);
      failpoint('tcc.cancel.buried');
      return buried;
    }
    const row = await guard.fences.look(tag);
    if (row === undefined) throw new Error('its try has left no fence row');
    return row;
  }

  async #call(
    ending: Ending,
    target: BranchTarget,
    row: TccFenceRow | undefined,
  ): Promise<BranchOutcome> {
    const { definition, guard } = this.#init;
    const { branchId, data, xid } = target;
    const name = definition.name;
    const kept = readOrCannot(() => ({
      params: decodeValues(name, data),
      notes: decodeValues(name, row?.notes),
    }));
    if ('cannot' in kept) return kept.cannot;
    const context = new TccContext({
      tag: { branchId, xid },
      name,
      ...kept.value,
      closed: 'only a try can note something',
    });
    const phase = this.#phaseOf(ending, context, undefined);
    const method = methodOf(await this.#init.target(), definition[ending], this.kind);
    try {
      await runInContext(undefined, () => runInTccPhase(phase, async () => await method(context)));
    } finally {
      phase.over();
    }
    if (guard !== undefined && !phase.isFenced) {
      const to = ending === 'confirm' ? TCC_FENCE.confirmed : TCC_FENCE.cancelled;
      const changed = await guard.fences.carryOut(guard.fences.switchText(target, to));
      // Somebody else has ended it meanwhile; the row says how.
      if (changed !== 1) throw new PhasePassedError(ending);
    }
    return DONE;
  }

  /** The same call may have come twice, and the other one may have done it. */
  async #endedMeanwhile(ending: Ending, tag: BranchTag, error: unknown): Promise<BranchOutcome> {
    const retry: BranchOutcome = { kind: 'retry', error: messageOf(error) };
    try {
      const row = await this.#init.guard?.fences.look(tag);
      return row === undefined ? retry : (FOUND[ending][row.state] ?? retry);
    } catch {
      return retry;
    }
  }

  #phaseOf(
    kind: TccPhase['kind'],
    context: TccContext,
    transaction: GlobalTransaction | undefined,
  ): TccPhase {
    const { branchId, xid } = context;
    const { guard } = this.#init;
    return new TccPhase({ kind, tag: { branchId, xid }, transaction, context, guard });
  }

  #notable(): { readonly closed?: string } {
    return this.#init.guard === undefined
      ? { closed: 'it has no fence, which would keep what is noted' }
      : {};
  }

  #unfenced(): string {
    return (
      `TCC action ${this.resourceId} has no data source that could fence it: its confirm and ` +
      `cancel must stand repetition, a cancel without a try, and a try behind its cancel. Wrap ` +
      `its data source, or say fence: false if that is so.`
    );
  }

  #mustBeStarted(): ResourceHost {
    if (this.#host === undefined) throw new ResourceNotStartedError(this.resourceId);
    return this.#host;
  }
}
