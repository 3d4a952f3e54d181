import type { CoordinatorClient } from '../lib/protocol/index.js';
import type { Variant } from './support/block.js';
import type { CoordinatorProcess } from './support/coordinator-process.js';
import { CountingStore } from './support/counting-store.js';
import {
  EmbeddedClient,
  MemorySessionStore,
  connectRemote,
  openCoordinator,
  openSqliteStore,
  systemClock,
  systemIds,
} from './support/product.js';
import { NAMESPACE } from './support/session-life.js';
import { attachResources, runTransaction } from './support/two-branches.js';

const END_MS_MAX = 60_000;

/** Two-branch transactions through a client, wherever its coordinator is. */
export class ClientVariant implements Variant {
  #lastXid = '';
  #committedCount = 0;

  constructor(
    readonly name: string,
    readonly client: CoordinatorClient,
    readonly ended: (count: number) => Promise<void>,
  ) {}

  async run(): Promise<void> {
    this.#lastXid = await runTransaction(this.client);
    this.#committedCount += 1;
  }

  /** Phase two and the end belong to a transaction: its time runs until they are durable too. */
  async settle(): Promise<void> {
    // Somebody who waits for the last one makes the coordinator write all ends at once.
    await this.client.commit({ xid: this.#lastXid, waitMs: END_MS_MAX });
    await this.ended(this.#committedCount);
  }
}

/** @param place `memory`, or the file of its SQLite store */
export async function embeddedVariant(place: string): Promise<ClientVariant> {
  const inner = place === 'memory' ? new MemorySessionStore() : await openSqliteStore(place);
  const store = new CountingStore(inner);
  const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds });
  const client = new EmbeddedClient(coordinator.namespace(NAMESPACE), () => coordinator.close());
  await attachResources(client);
  return new ClientVariant('embedded', client, (count) => store.ended(count));
}

/** What a remote coordinator has used in the measured blocks. */
export class RemoteVariant extends ClientVariant {
  readonly #coordinator: CoordinatorProcess;
  cpuUs = 0;
  messages = 0;

  static async connect(coordinator: CoordinatorProcess): Promise<RemoteVariant> {
    const urls = [coordinator.url];
    const client = await connectRemote({ urls, namespace: NAMESPACE, applicationId: 'bench' });
    await attachResources(client);
    return new RemoteVariant(client, coordinator);
  }

  private constructor(client: CoordinatorClient, coordinator: CoordinatorProcess) {
    super('remote', client, (count) => coordinator.ended(count));
    this.#coordinator = coordinator;
  }

  /** Runs something and adds what the coordinator has used for it. */
  async measure<T>(work: () => Promise<T>): Promise<T> {
    const before = await this.#coordinator.figures();
    const result = await work();
    const after = await this.#coordinator.figures();
    this.cpuUs += after.cpuUs - before.cpuUs;
    this.messages += after.messages - before.messages;
    return result;
  }
}
