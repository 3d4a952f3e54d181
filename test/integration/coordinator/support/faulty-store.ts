import type { SessionStore, StoreAnswer, StoreCommand } from '../../../../lib/coordinator/index.js';

export type Fault =
  /** Nothing is written, and that is known. */
  | 'fails'
  /** Nothing is written, and the answer is lost. */
  | 'loses the request'
  /** All is written, and the answer is lost. */
  | 'loses the answer';

/** A store that goes wrong when a test says so. */
export class FaultyStore implements SessionStore {
  fault: Fault | undefined;
  /** Commands of this kind alone fail. */
  failingKind: StoreCommand['kind'] | undefined;
  loadFails = false;
  /** Writes wait for it. */
  gate: Promise<void> | undefined;

  constructor(readonly inner: SessionStore) {}

  get place(): string {
    return this.inner.place;
  }

  async apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    const { fault } = this;
    await this.gate;
    const error = new Error(`the store ${fault ?? 'works'}`);
    if (fault === 'fails') return batch.map(() => ({ kind: 'failed', error }));
    if (fault === 'loses the request') return batch.map(() => ({ kind: 'unknown', error }));
    const answers = await this.inner.apply(batch.filter(({ kind }) => kind !== this.failingKind));
    if (fault === 'loses the answer') return batch.map(() => ({ kind: 'unknown', error }));
    const rest = [...answers];
    return batch.map(({ kind }) =>
      kind === this.failingKind ? { kind: 'failed', error } : rest.shift()!,
    );
  }

  async load(namespace: string, xid: string): ReturnType<SessionStore['load']> {
    if (this.loadFails) throw new Error('the store cannot be read');
    return this.inner.load(namespace, xid);
  }

  claimOpen(owner: string): ReturnType<SessionStore['claimOpen']> {
    return this.inner.claimOpen(owner);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
