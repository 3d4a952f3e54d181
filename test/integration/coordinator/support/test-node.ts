import type {
  Coordinator,
  CoordinatorOptions,
  NamespaceCoordinator,
  Session,
  SessionStore,
} from '../../../../lib/coordinator/index.js';
import { openCoordinator } from '../../../../lib/coordinator/index.js';
import type { CoordinatorClient } from '../../../../lib/protocol/index.js';
import { systemIds } from '../../../../lib/system/index.js';
import { EmbeddedClient } from '../../../../lib/transport/embedded-client.js';
import { FakeResource } from './fake-resource.js';
import { FaultyStore } from './faulty-store.js';
import { ManualClock } from './manual-clock.js';

/** Time goes on in such steps where several nodes share it: larger ones over long times. */
const STEP_MS = { fine: 50, coarse: 500 };
const LONG_MS = 30_000;

type NodeOptions = Partial<Pick<CoordinatorOptions, 'leaseMs' | 'patience'>>;

/** One of several coordinators on one store, with a clock and a way to the store of its own. */
export class TestNode {
  readonly orders = new FakeResource('orders');

  private constructor(
    readonly clock: ManualClock,
    readonly store: FaultyStore,
    readonly coordinator: Coordinator,
    readonly namespace: NamespaceCoordinator,
    readonly client: CoordinatorClient,
  ) {}

  /** @param startsAtMs what the clocks of the other nodes show */
  static async start(
    shared: SessionStore,
    options: NodeOptions = {},
    startsAtMs = 0,
  ): Promise<TestNode> {
    const clock = new ManualClock();
    await clock.pass(startsAtMs);
    const store = new FaultyStore(shared);
    const coordinator = await openCoordinator({ store, clock, ids: systemIds, ...options });
    const namespace = coordinator.namespace('default');
    const client = new EmbeddedClient(namespace, () => coordinator.close());
    return new TestNode(clock, store, coordinator, namespace, client);
  }

  /** The node reaches the resource from now on. */
  async attachOrders(): Promise<void> {
    await this.client.attach(this.orders);
  }

  async close(): Promise<void> {
    this.store.fault = undefined;
    const closed = this.coordinator.close();
    await this.clock.pass(0);
    await closed;
  }
}

/** Time passes for all of them alike; for the others it stands still. */
export async function passFor(nodes: readonly TestNode[], ms: number): Promise<void> {
  const stepMs = ms > LONG_MS ? STEP_MS.coarse : STEP_MS.fine;
  for (let leftMs = ms; leftMs >= 0; leftMs -= stepMs) {
    for (const { clock } of nodes) await clock.pass(Math.min(stepMs, leftMs));
  }
}

/** The record as it stands. */
export async function recordOf(store: SessionStore, xid: string): Promise<Session> {
  const [session] = await store.load([{ namespace: 'default', xid }]);
  if (session === undefined) throw new Error(`There is no record of ${xid}.`);
  return session;
}
