import type { Clock, Ids, Timer } from '../../protocol/index.js';
import { CoordinatorClosedError, ResourceExhaustedError } from '../../protocol/index.js';
import { backOffMs } from '../../system/index.js';
import type { Command, Session } from '../core/index.js';
import type { ClaimRequest, PurgeCommand, SessionStore } from '../store/index.js';
import type { BatchResult } from './batch-writer.js';
import { BatchWriter } from './batch-writer.js';
import {
  BATCH_LENGTH_MAX,
  LAZY_WRITE_MS,
  STORE_RETRY_MS_MAX,
  STORE_RETRY_MS_MIN,
  WAITING_REQUESTS_MAX,
} from './limits.js';
import type { LiveSession } from './live-session.js';
import type { NodeIdentity } from './node-identity.js';
import { RequestQueue } from './request-queue.js';
import type { Request } from './request.js';
import { newRequest } from './request.js';

interface GroupCommitDeps {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly node: NodeIdentity;
}

const STORE_RETRY = { minMs: STORE_RETRY_MS_MIN, maxMs: STORE_RETRY_MS_MAX };

interface Claim {
  readonly request: ClaimRequest;
  take(sessions: readonly Session[]): void;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Decides commands and makes them durable, many in one write: what arrives in one turn of the event
 * loop, or while the writes before are under way, shares the next one. A session is in one batch at
 * a time, so its commands are decided and written in the order in which they came.
 *
 * Nobody is answered, and no effect begins, before the change is durable.
 */
export class GroupCommit {
  readonly #deps: GroupCommitDeps;
  readonly #writer: BatchWriter;
  /** Requests that have stepped back. */
  #againCount = 0;
  /** Sessions that are to be read again when the store is well. */
  readonly #doubtful = new Set<LiveSession>();
  readonly #queue = new RequestQueue();
  #purge: PurgeCommand | undefined;
  #claims: Claim[] = [];
  /** Batches under way, and how many of them the store takes at once. */
  #writingCount = 0;
  readonly #writingMax: number;
  #isClaiming = false;
  #isScheduled = false;
  /** Somebody waits for what is lazy, while a write is under way. */
  #isHurried = false;
  #isClosed = false;
  #lazyTimer: Timer | undefined;
  #doubtTimer: Timer | undefined;
  #failureCount = 0;
  #flushWaits: (() => void)[] = [];

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps;
    this.#writingMax = deps.store.batchesAtOnce ?? 1;
    this.#writer = new BatchWriter({
      store: deps.store,
      clock: deps.clock,
      ids: deps.ids,
      node: deps.node,
      again: (request, delayMs) => {
        this.#again(request, delayMs);
      },
      doubt: (live) => {
        this.#doubt(live);
      },
    });
  }

  /**
   * Resolves with what stands once it is durable.
   *
   * @throws what the decision refuses with; nothing has changed
   * @throws ResourceExhaustedError, StoreUnavailableError: nothing has changed
   * @throws OutcomeUnknownError the write may have happened or not
   */
  submit(live: LiveSession, command: Command, what: string): Promise<Session | undefined> {
    const refusal = this.#refusalOf(what);
    if (refusal !== undefined) {
      // Nobody has been busy with it, so nobody else would notice that it need not be kept.
      live.observer.idle(live);
      return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => {
      this.#push(newRequest(live, command, { what, resolve, reject }));
      this.#schedule();
    });
  }

  /** For what nobody waits for: it rides with the next write, or comes a little later. */
  submitLazy(live: LiveSession, command: Command): void {
    if (this.#isClosed) return;
    this.#push(newRequest(live, command, undefined));
    this.#scheduleLazy();
  }

  /** Deletes old records with one of the next writes, and goes on until there are none. */
  purge(command: PurgeCommand): void {
    this.#purge = command;
    this.#scheduleLazy();
  }

  /**
   * Takes sessions over between two writes: what is decided in a batch and what is claimed never
   * cross, and what a claim brings is newer than all that memory holds.
   *
   * @param take is called before the next batch is decided
   * @throws StoreUnavailableError
   */
  claim(request: ClaimRequest, take: Claim['take']): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#claims.push({ request, take, resolve, reject });
      this.#schedule();
    });
  }

  /** Somebody has begun to wait for something that is lazy. */
  hurry(): void {
    if (this.#queue.lazyCount === 0) return;
    this.#isHurried = true;
    this.#schedule();
  }

  /** Resolves when everything that is waiting now has been written or refused. */
  async flush(): Promise<void> {
    while (this.#isBusy()) {
      await new Promise<void>((resolve) => {
        this.#flushWaits.push(resolve);
        // Those that have stepped back come by themselves.
        if (this.#hasWaiting()) this.#schedule();
      });
    }
  }

  /** Writes everything that is waiting, and takes nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    this.#lazyTimer?.cancel();
    this.#doubtTimer?.cancel();
  }

  #refusalOf(what: string): Error | undefined {
    if (this.#isClosed) return new CoordinatorClosedError(what);
    if (this.#queue.urgentCount < WAITING_REQUESTS_MAX) return undefined;
    const advice = 'More work comes in than the disk can take: retry later.';
    const limit = 'The number of requests that wait for the coordinator';
    return new ResourceExhaustedError(limit, WAITING_REQUESTS_MAX, advice);
  }

  #isBusy(): boolean {
    return this.#writingCount > 0 || this.#againCount > 0 || this.#isClaiming || this.#hasWaiting();
  }

  #hasWaiting(): boolean {
    return this.#queue.urgentCount > 0 || this.#queue.lazyCount > 0 || this.#claims.length > 0;
  }

  /** Whoever was overtaken steps back for a moment, so that not all come back at once. */
  #again(request: Request, delayMs: number): void {
    if (delayMs === 0) {
      this.#push(request);
      return;
    }
    // Its session must not be forgotten meanwhile.
    request.live.pendingCount += 1;
    this.#againCount += 1;
    this.#deps.clock.after(delayMs, () => {
      this.#againCount -= 1;
      this.#queue.push(request);
      this.#schedule();
    });
  }

  #push(request: Request): void {
    request.live.pendingCount += 1;
    request.live.idleSweeps = 0;
    this.#queue.push(request);
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#mayBegin()) return;
    this.#isScheduled = true;
    this.#deps.clock.soon(() => {
      this.#isScheduled = false;
      this.#begin();
    });
  }

  #scheduleLazy(): void {
    // A full batch has all the company that it can have.
    if (this.#queue.lazyCount >= BATCH_LENGTH_MAX) this.#schedule();
    if (this.#isScheduled || !this.#mayBegin() || this.#lazyTimer !== undefined) return;
    this.#lazyTimer = this.#deps.clock.after(LAZY_WRITE_MS, () => {
      this.#lazyTimer = undefined;
      this.#schedule();
    });
  }

  /** What is claimed and what is decided never cross: a claim waits until no batch is left. */
  #mayBegin(): boolean {
    if (this.#isClaiming) return false;
    return this.#writingCount < (this.#claims.length > 0 ? 1 : this.#writingMax);
  }

  #begin(): void {
    if (!this.#mayBegin()) return;
    if (this.#claims.length > 0) {
      void this.#claimAll();
      return;
    }
    this.#isHurried = false;
    while (this.#writingCount < this.#writingMax) {
      const purge = this.#takePurge();
      const batch = this.#queue.take(this.#writingMax - this.#writingCount);
      if (batch.length === 0 && purge === undefined) break;
      void this.#write(batch, purge);
    }
    if (!this.#isBusy()) this.#wakeFlush();
  }

  async #write(batch: readonly Request[], purge: PurgeCommand | undefined): Promise<void> {
    this.#writingCount += 1;
    const result = await this.#writer.write(batch, purge);
    this.#writingCount -= 1;
    for (const { live } of batch) live.isBeingWritten = false;
    this.#learn(result, purge);
    this.#scheduleNext();
    this.#wakeFlush();
  }

  async #claimAll(): Promise<void> {
    this.#isClaiming = true;
    for (const claim of this.#claims.splice(0)) await this.#claim(claim);
    this.#isClaiming = false;
    this.#scheduleNext();
    this.#wakeFlush();
  }

  #wakeFlush(): void {
    for (const resolve of this.#flushWaits.splice(0)) resolve();
  }

  async #claim(claim: Claim): Promise<void> {
    try {
      claim.take(await this.#deps.store.claim(claim.request));
      claim.resolve();
    } catch (error) {
      claim.reject(error);
    }
  }

  #scheduleNext(): void {
    if (this.#queue.urgentCount > 0 || this.#isHurried || this.#claims.length > 0) this.#schedule();
    else if (this.#queue.lazyCount > 0 || this.#purge !== undefined) this.#scheduleLazy();
  }

  #takePurge(): PurgeCommand | undefined {
    const purge = this.#purge;
    this.#purge = undefined;
    return purge;
  }

  #learn({ isStoreWell, purgedCount }: BatchResult, purge: PurgeCommand | undefined): void {
    if (isStoreWell !== undefined) this.#failureCount = isStoreWell ? 0 : this.#failureCount + 1;
    if (this.#doubtful.size > 0) this.#scheduleRereading();
    if (purge !== undefined && purgedCount === purge.countMax) this.#purge ??= purge;
  }

  #doubt(live: LiveSession): void {
    if (this.#doubtful.has(live)) return;
    this.#doubtful.add(live);
    // It must not be forgotten until it has been read.
    live.pendingCount += 1;
  }

  /** With a growing pause: a full disk must not make phase two go round and round. */
  #scheduleRereading(): void {
    if (this.#isClosed || this.#doubtTimer !== undefined) return;
    const delayMs = backOffMs(Math.max(1, this.#failureCount), STORE_RETRY, this.#deps.ids);
    this.#doubtTimer = this.#deps.clock.after(delayMs, () => {
      this.#doubtTimer = undefined;
      for (const live of this.#doubtful) {
        this.#push(newRequest(live, undefined, undefined));
        live.pendingCount -= 1;
      }
      this.#doubtful.clear();
      this.#schedule();
    });
  }
}
