import type {
  ClaimRequest,
  SessionQuery,
  SessionStore,
  StoreAnswer,
  StoreCommand,
} from '../../../../lib/coordinator/index.js';
import type { WaitBoard } from '../../../../lib/coordinator/store/index.js';

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
  /** How often it was read. */
  loadCount = 0;
  /** Writes wait for it. */
  gate: Promise<void> | undefined;
  borrowsConnections = false;

  constructor(readonly inner: SessionStore) {}

  get place(): string {
    return this.inner.place;
  }

  get isShared(): boolean {
    return this.inner.isShared;
  }

  get waits(): WaitBoard | undefined {
    return this.inner.waits;
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

  async load(keys: Parameters<SessionStore['load']>[0]): ReturnType<SessionStore['load']> {
    this.loadCount += 1;
    if (this.loadFails) throw new Error('the store cannot be read');
    return this.inner.load(keys);
  }

  /** Takes sessions over. What fails then is known only to the store. */
  async claim(request: ClaimRequest): ReturnType<SessionStore['claim']> {
    const { fault } = this;
    const isDone = fault === undefined || fault === 'loses the answer';
    const taken = isDone ? await this.inner.claim(request) : [];
    if (fault !== undefined) throw new Error(`the store ${fault}`);
    return taken;
  }

  handOver(owner: string, nowMs: number): Promise<void> {
    return this.inner.handOver(owner, nowMs);
  }

  endedAtOfNewest(countMax: number): Promise<number | undefined> {
    return this.inner.endedAtOfNewest(countMax);
  }

  list(query: SessionQuery): ReturnType<SessionStore['list']> {
    return this.inner.list(query);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
