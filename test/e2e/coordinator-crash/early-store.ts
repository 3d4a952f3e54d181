import type {
  ClaimRequest,
  SessionQuery,
  SessionStore,
  StoreAnswer,
  StoreCommand,
} from '../../../lib/coordinator/index.js';

/** How long this store lets everybody believe what it has not written yet. */
const LATE_MS = 20;

/**
 * A planted bug: it answers before it writes. The crash test must find it, or it proves nothing.
 */
export class EarlyStore implements SessionStore {
  readonly #inner: SessionStore;
  #written: Promise<unknown> = Promise.resolve();

  constructor(inner: SessionStore) {
    this.#inner = inner;
  }

  get place(): string {
    return this.#inner.place;
  }

  get isShared(): boolean {
    return this.#inner.isShared;
  }

  apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    this.#written = this.#written
      .then(() => new Promise((resolve) => setTimeout(resolve, LATE_MS)))
      .then(() => this.#inner.apply(batch));
    return Promise.resolve(batch.map(() => ({ kind: 'done', count: 1 })));
  }

  async load(keys: Parameters<SessionStore['load']>[0]): ReturnType<SessionStore['load']> {
    await this.#written;
    return this.#inner.load(keys);
  }

  claim(request: ClaimRequest): ReturnType<SessionStore['claim']> {
    return this.#inner.claim(request);
  }

  handOver(owner: string, nowMs: number): Promise<void> {
    return this.#inner.handOver(owner, nowMs);
  }

  endedAtOfNewest(countMax: number): Promise<number | undefined> {
    return this.#inner.endedAtOfNewest(countMax);
  }

  list(query: SessionQuery): ReturnType<SessionStore['list']> {
    return this.#inner.list(query);
  }

  async close(): Promise<void> {
    await this.#written;
    await this.#inner.close();
  }
}
