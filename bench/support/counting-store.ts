import type {
  ClaimRequest,
  SessionQuery,
  SessionStore,
  StoreAnswer,
  StoreCommand,
} from '../../lib/coordinator/store/index.js';
import type { Session, SessionKey } from '../../lib/coordinator/core/index.js';

/** A store that counts what is made durable in it. */
export class CountingStore implements SessionStore {
  readonly #inner: SessionStore;
  readonly #isCounted: (session: Session) => boolean;
  /** Calls of apply() that have written something: each is one durable transaction. */
  commitCount = 0;
  /** Sessions that have ended. */
  endedCount = 0;
  #endedWaits: { readonly count: number; readonly wake: () => void }[] = [];

  /** @param isCounted whose end counts; by default everybody's */
  constructor(inner: SessionStore, isCounted: (session: Session) => boolean = () => true) {
    this.#inner = inner;
    this.#isCounted = isCounted;
  }

  get place(): string {
    return this.#inner.place;
  }

  get isShared(): boolean {
    return this.#inner.isShared;
  }

  get batchesAtOnce(): number {
    return this.#inner.batchesAtOnce ?? 1;
  }

  async apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    const answers = await this.#inner.apply(batch);
    if (answers.some(({ kind }) => kind === 'done')) this.commitCount += 1;
    this.endedCount += answers.filter(
      ({ kind }, index) => kind === 'done' && this.#isCountedEnd(batch[index]),
    ).length;
    this.#wakeEnded();
    return answers;
  }

  /** Resolves when so many sessions have ended. */
  ended(count: number): Promise<void> {
    return new Promise((wake) => {
      this.#endedWaits.push({ count, wake });
      this.#wakeEnded();
    });
  }

  load(keys: readonly SessionKey[]): Promise<readonly (Session | undefined)[]> {
    return this.#inner.load(keys);
  }

  claim(request: ClaimRequest): Promise<readonly Session[]> {
    return this.#inner.claim(request);
  }

  handOver(owner: string, nowMs: number): Promise<void> {
    return this.#inner.handOver(owner, nowMs);
  }

  endedAtOfNewest(countMax: number): Promise<number | undefined> {
    return this.#inner.endedAtOfNewest(countMax);
  }

  list(query: SessionQuery): Promise<readonly Session[]> {
    return this.#inner.list(query);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #isCountedEnd(command: StoreCommand | undefined): boolean {
    return command?.kind === 'end' && this.#isCounted(command.after);
  }

  #wakeEnded(): void {
    const due = this.#endedWaits.filter(({ count }) => count <= this.endedCount);
    if (due.length === 0) return;
    this.#endedWaits = this.#endedWaits.filter(({ count }) => count > this.endedCount);
    for (const { wake } of due) wake();
  }
}
