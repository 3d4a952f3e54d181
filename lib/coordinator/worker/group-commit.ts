import type { Clock, Ids, Timer } from '../../protocol/index.js';
import { CoordinatorClosedError, ResourceExhaustedError } from '../../protocol/index.js';
import type { Command, Session } from '../core/index.js';
import type { ClaimRequest, PurgeCommand, SessionStore } from '../store/index.js';
import { backOffMs } from './back-off.js';
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
import type { Request } from './request.js';
import type { NodeIdentity } from './node-identity.js';
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
 * loop, or while the write before is under way, shares the next one. Only one write is under way at
 * a time, so the commands of a session are decided and written in the order in which they came.
 *
 * Nobody is answered, and no effect begins, before the change is durable.
 */
export class GroupCommit {
  readonly #deps: GroupCommitDeps;
  readonly #writer: BatchWriter;
  /** Sessions that are to be read again when the store is well. */
  readonly #doubtful = new Set<LiveSession>();
  #urgent: Request[] = [];
  #lazy: Request[] = [];
  #purge: PurgeCommand | undefined;
  #claims: Claim[] = [];
  #isWriting = false;
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
    this.#writer = new BatchWriter({
      store: deps.store,
      clock: deps.clock,
      node: deps.node,
      again: (request) => {
        this.#push(this.#urgent, request);
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
    if (this.#isClosed) return Promise.reject(new CoordinatorClosedError(what));
    if (this.#urgent.length >= WAITING_REQUESTS_MAX) {
      const advice = 'More work comes in than the disk can take: retry later.';
      const limit = 'The number of requests that wait for the coordinator';
      return Promise.reject(new ResourceExhaustedError(limit, WAITING_REQUESTS_MAX, advice));
    }
    return new Promise((resolve, reject) => {
      this.#push(this.#urgent, newRequest(live, command, { what, resolve, reject }));
      this.#schedule();
    });
  }

  /** For what nobody waits for: it rides with the next write, or comes a little later. */
  submitLazy(live: LiveSession, command: Command): void {
    if (this.#isClosed) return;
    this.#push(this.#lazy, newRequest(live, command, undefined));
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
    if (this.#lazy.length === 0) return;
    this.#isHurried = true;
    this.#schedule();
  }

  /** Resolves when everything that is waiting now has been written or refused. */
  async flush(): Promise<void> {
    while (this.#isBusy()) {
      await new Promise<void>((resolve) => {
        this.#flushWaits.push(resolve);
        this.#schedule();
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

  #isBusy(): boolean {
    if (this.#isWriting || this.#claims.length > 0) return true;
    return this.#urgent.length > 0 || this.#lazy.length > 0;
  }

  #push(queue: Request[], request: Request): void {
    request.live.pendingCount += 1;
    queue.push(request);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    this.#deps.clock.soon(() => {
      this.#isScheduled = false;
      void this.#writeBatch();
    });
  }

  #scheduleLazy(): void {
    // A full batch has all the company that it can have.
    if (this.#lazy.length >= BATCH_LENGTH_MAX) this.#schedule();
    if (this.#isScheduled || this.#isWriting || this.#lazyTimer !== undefined) return;
    this.#lazyTimer = this.#deps.clock.after(LAZY_WRITE_MS, () => {
      this.#lazyTimer = undefined;
      this.#schedule();
    });
  }

  async #writeBatch(): Promise<void> {
    this.#isWriting = true;
    this.#isHurried = false;
    const purge = this.#takePurge();
    const result = await this.#writer.write(this.#take(), purge);
    for (const claim of this.#claims.splice(0)) await this.#claim(claim);
    this.#isWriting = false;
    this.#learn(result, purge);
    this.#scheduleNext();
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
    if (this.#urgent.length > 0 || this.#isHurried || this.#claims.length > 0) this.#schedule();
    else if (this.#lazy.length > 0 || this.#purge !== undefined) this.#scheduleLazy();
  }

  #takePurge(): PurgeCommand | undefined {
    const purge = this.#purge;
    this.#purge = undefined;
    return purge;
  }

  /** Those that somebody waits for go first; the others fill the batch up. */
  #take(): Request[] {
    const urgent = takeFrom(this.#urgent, BATCH_LENGTH_MAX);
    this.#urgent = urgent.rest;
    const lazy = takeFrom(this.#lazy, BATCH_LENGTH_MAX - urgent.taken.length);
    this.#lazy = lazy.rest;
    return lazy.taken.length === 0 ? urgent.taken : urgent.taken.concat(lazy.taken);
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
        this.#push(this.#lazy, newRequest(live, undefined, undefined));
        live.pendingCount -= 1;
      }
      this.#doubtful.clear();
      this.#schedule();
    });
  }
}

function takeFrom<T>(queue: T[], countMax: number): { taken: T[]; rest: T[] } {
  if (queue.length <= countMax) return { taken: queue, rest: [] };
  return { taken: queue.slice(0, countMax), rest: queue.slice(countMax) };
}
