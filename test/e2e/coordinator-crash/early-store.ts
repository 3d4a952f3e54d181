import type { SessionStore, StoreAnswer, StoreCommand } from '../../../lib/coordinator/index.js';

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

  apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    this.#written = this.#written
      .then(() => new Promise((resolve) => setTimeout(resolve, LATE_MS)))
      .then(() => this.#inner.apply(batch));
    return Promise.resolve(batch.map(() => ({ kind: 'done', count: 1 })));
  }

  async load(namespace: string, xid: string): ReturnType<SessionStore['load']> {
    await this.#written;
    return this.#inner.load(namespace, xid);
  }

  claimOpen(owner: string): ReturnType<SessionStore['claimOpen']> {
    return this.#inner.claimOpen(owner);
  }

  async close(): Promise<void> {
    await this.#written;
    await this.#inner.close();
  }
}
