import type { CoordinatorClient } from '../lib/protocol/index.js';
import type { Engine, RecordWriter } from './engines/index.js';
import type { Variant } from './support/block.js';
import { CountingStore } from './support/counting-store.js';
import { EmbeddedClient, openCoordinator, systemClock, systemIds } from './support/product.js';
import { NAMESPACE } from './support/session-life.js';
import { attachResources, runTransaction } from './support/two-branches.js';

const END_MS_MAX = 60_000;

/** A kind of work that holds something open. */
export interface OpenVariant extends Variant {
  close(): Promise<void>;
}

/** Global transactions with two branches, on an embedded coordinator. */
export class CoordinatorVariant implements OpenVariant {
  /** Milliseconds from begin to the answer of commit, one per transaction. */
  readonly latenciesMs: number[] = [];
  readonly #client: CoordinatorClient;
  #lastXid = '';
  #committedCount = 0;

  static async open(engine: Engine, storeName: string): Promise<CoordinatorVariant> {
    const store = new CountingStore(await engine.openStore(storeName));
    const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds });
    const client = new EmbeddedClient(coordinator.namespace(NAMESPACE), () => coordinator.close());
    await attachResources(client);
    return new CoordinatorVariant(storeName, store, client);
  }

  private constructor(
    readonly name: string,
    readonly store: CountingStore,
    client: CoordinatorClient,
  ) {
    this.#client = client;
  }

  async run(): Promise<void> {
    const startMs = performance.now();
    this.#lastXid = await runTransaction(this.#client);
    this.latenciesMs.push(performance.now() - startMs);
    this.#committedCount += 1;
  }

  /** Phase two and the end belong to a transaction: its time runs until they are durable too. */
  async settle(): Promise<void> {
    // Somebody who waits for the last one makes the coordinator write all ends at once.
    await this.#client.commit({ xid: this.#lastXid, waitMs: END_MS_MAX });
    await this.store.ended(this.#committedCount);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** The same records without a coordinator: one connection, one commit per write. */
export class OneByOneVariant implements OpenVariant {
  readonly name = 'one by one';
  readonly concurrency = 1;
  readonly #writer: RecordWriter;

  static async open(engine: Engine): Promise<OneByOneVariant> {
    return new OneByOneVariant(await engine.openWriter('onebyone'));
  }

  private constructor(writer: RecordWriter) {
    this.#writer = writer;
  }

  run(): Promise<void> {
    return this.#writer.writeLife(systemIds.newXid());
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}
