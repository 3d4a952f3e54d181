import type { Session, SessionKey } from '../../../lib/coordinator/core/index.js';
import type { StoreAnswer, StoreCommand } from '../../../lib/coordinator/index.js';
import type {
  ClaimRequest,
  SessionQuery,
  SessionStore,
  WaitBoard,
} from '../../../lib/coordinator/store/index.js';
import type { History, Report } from '../checks/index.js';

interface RecordedStoreDeps {
  readonly inner: SessionStore;
  /** Whether several nodes use it; engines of one process can be shared here too. */
  readonly isShared: boolean;
  readonly batchesAtOnce: number;
  /** Where nodes show each other long waits, if several use it. */
  readonly waits: WaitBoard | undefined;
  readonly history: History;
  readonly report: Report;
}

/** The one store of all nodes, with an eye on everything that becomes durable. */
export class RecordedStore implements SessionStore {
  readonly isShared: boolean;
  readonly batchesAtOnce: number;
  readonly waits: WaitBoard | undefined;
  readonly #inner: SessionStore;
  readonly #history: History;
  readonly #report: Report;

  #writeCount = 0;

  constructor({ batchesAtOnce, inner, isShared, history, report, waits }: RecordedStoreDeps) {
    this.#inner = inner;
    this.isShared = isShared;
    this.waits = isShared ? waits : undefined;
    this.batchesAtOnce = batchesAtOnce;
    this.#history = history;
    this.#report = report;
  }

  get place(): string {
    return this.#inner.place;
  }

  /** Batches that nodes have written. */
  get writeCount(): number {
    return this.#writeCount;
  }

  async apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    this.#writeCount += 1;
    const answers = await this.#applied(batch);
    batch.forEach((command, index) => {
      if (answers[index]?.kind === 'done') this.#history.applied(command);
    });
    return answers;
  }

  async #applied(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    try {
      return await this.#inner.apply(batch);
    } catch (error) {
      this.#report('ERROR', `a batch was rejected as a whole: ${String(error)}`);
      throw error;
    }
  }

  load(keys: readonly SessionKey[]): Promise<readonly (Session | undefined)[]> {
    return this.#inner.load(keys);
  }

  async claim(request: ClaimRequest): Promise<readonly Session[]> {
    const claimed = await this.#inner.claim(request);
    for (const session of claimed) this.#history.claimed(session);
    return claimed;
  }

  async handOver(owner: string, nowMs: number): Promise<void> {
    await this.#inner.handOver(owner, nowMs);
    this.#history.handedOver(owner, nowMs);
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
}
