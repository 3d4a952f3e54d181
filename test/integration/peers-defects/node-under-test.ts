import type {
  CoordinatorOptions,
  SessionStore,
  StoreAnswer,
  StoreCommand,
} from '../../../lib/coordinator/index.js';
import { openCoordinator } from '../../../lib/coordinator/index.js';
import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { EmbeddedClient } from '../../../lib/transport/embedded-client.js';
import { FakeResource } from '../coordinator/support/fake-resource.js';
import { FaultyStore } from '../coordinator/support/faulty-store.js';

/** One node's way to a store, which outlives it. */
export class NodeStore extends FaultyStore {
  /** Writes that are on their way. */
  writingCount = 0;
  /** Writes that did not succeed. */
  failedCount = 0;

  override async apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    this.writingCount += 1;
    const answers = await super.apply(batch);
    this.writingCount -= 1;
    if (answers.some(({ kind }) => kind !== 'done')) this.failedCount += 1;
    return answers;
  }

  /** Holds writes back until the returned function is called. */
  holdsWrites(): () => void {
    let open = (): void => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
    return () => {
      this.gate = undefined;
      open();
    };
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A coordinator node that reaches one resource. */
export interface NodeUnderTest {
  readonly store: NodeStore;
  readonly client: CoordinatorClient;
  readonly orders: FakeResource;
}

type Options = Partial<Omit<CoordinatorOptions, 'store' | 'ids'>>;

export async function startNode(
  shared: SessionStore,
  options: Options = {},
): Promise<NodeUnderTest> {
  const store = new NodeStore(shared);
  const coordinator = await openCoordinator({
    clock: systemClock,
    leaseMs: 300,
    ...options,
    store,
    ids: systemIds,
  });
  const client = new EmbeddedClient(coordinator.namespace('default'), () => coordinator.close());
  const orders = new FakeResource('orders');
  await client.attach(orders);
  return { store, client, orders };
}
