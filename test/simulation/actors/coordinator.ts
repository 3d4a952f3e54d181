import type { CoordinatorOptions } from '../../../lib/coordinator/index.js';
import type { CoordinatorRequest } from '../checks/index.js';
import type { Life } from '../kernel/index.js';
import { LOST_ANSWER, SimIds } from '../kernel/index.js';
import type { World } from '../runs/world.js';
import { FaultyStore } from '../store/faulty-store.js';
import { RemoteBranchHandler } from './remote-branch-handler.js';

const NAMESPACE = 'default';

/** Methods of a coordinator, as requests name them. */
type Face = Readonly<Record<string, (request: unknown) => Promise<unknown>>>;

type NodeOptions = Pick<CoordinatorOptions, 'leaseMs' | 'retentionMs'>;

/** Starts the real coordinator in the life of a simulated process. */
export async function bootCoordinator(
  world: World,
  life: Life,
  options: NodeOptions,
): Promise<void> {
  const { network, participants, product, queue, rng, store } = world;
  const faults = (): World['swarm']['store'] => world.swarm.store;
  const isOut = (): boolean => (world.storeOutages.get(life.process.name) ?? 0) > queue.nowMs;
  const coordinator = await product.openCoordinator({
    store: new FaultyStore({ life, inner: store, queue, rng, faults, isOut }),
    clock: life.clock,
    ids: new SimIds(rng),
    ...options,
  });
  const namespace = coordinator.namespace(NAMESPACE);
  for (const participant of participants) {
    namespace.attach(new RemoteBranchHandler(life, network, participant));
  }
  life.stop = () => coordinator.close();
  life.heldCount = () => coordinator.heldCount + coordinator.waitCount;
  const face = namespace as unknown as Face;
  life.serve = async (method, payload) => {
    const { branchId, xid } = payload as Omit<CoordinatorRequest, 'method'>;
    const request = { method, xid, branchId };
    world.witness.received(request);
    try {
      return await face[method]?.(payload);
    } catch (error) {
      if ((error as { code?: string }).code !== LOST_ANSWER) world.witness.refused(request);
      throw error;
    }
  };
}
