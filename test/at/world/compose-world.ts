import type { BranchHandler, CoordinatorClient } from '../../../lib/protocol/index.js';
import { NAMESPACE_DEFAULT } from '../../../lib/protocol/index.js';
import { resourceOf } from '../../../lib/resource/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { TransactionManager } from '../../../lib/transaction/index.js';
import { EmbeddedClient } from '../../../lib/transport/embedded-client.js';
import { acquireCoordinator } from '../../../lib/transport/index.js';
import { until } from '../../support/until.js';
import type { PurgingResource, World, WorldParts } from './world.interface.js';

/** What is the same for all engines: coordinator, manager, resources, and looking for remains. */
export async function composeWorld(parts: WorldParts): Promise<World> {
  const { between, ids = systemIds, patience = {}, store = ':memory:' } = parts.setting ?? {};
  const { coordinator, release } = await acquireCoordinator({ store, patience });
  const namespace = coordinator.namespace(NAMESPACE_DEFAULT);
  const client: CoordinatorClient = new EmbeddedClient(namespace, release);
  const clientOfResources = between === undefined ? client : attachingBy(client, between);
  const logged: string[] = [];
  const write = (message: string): void => void logged.push(message);
  const log = { info: write, warn: write, error: write, debug: write };
  const common = { client, clock: systemClock, ids, applicationId: 'shop', log };
  const started: PurgingResource[] = [];
  const start = async (source: unknown): Promise<void> => {
    const resource = resourceOf(source);
    if (resource === undefined) throw new Error('There is no resource behind the source.');
    // Taken up first, so that a start that fails is cleaned up too.
    started.push(resource as PurgingResource);
    const { warnings } = await resource.start({ ...common, client: clientOfResources });
    logged.push(...warnings);
  };
  const left = async (): Promise<readonly string[]> => {
    const locks = await parts.locks();
    if (locks.length > 0) return locks;
    for (const { engine } of started) await engine.purgeFences(PAST_AGE_MS);
    return parts.remains();
  };
  const drop = async (): Promise<void> => {
    for (const resource of started) await resource.stop();
    await client.close();
    await parts.close();
    await parts.plain.drop();
  };
  try {
    await start(parts.source);
  } catch (error) {
    await drop();
    throw error;
  }
  return {
    ...parts.plain,
    url: parts.url,
    app: parts.app,
    client,
    operate: (action, xid) => namespace.operate({ action, xid }),
    manager: new TransactionManager({ ...common, rollbackWaitMs: parts.rollbackWaitMs ?? 10_000 }),
    logged,
    start,
    locks: parts.locks,
    async untilClean() {
      let last: readonly string[] = [];
      const isClean = async (): Promise<boolean> => (last = await left()).length === 0;
      await until(isClean).catch(() => {
        throw new Error(`There is left:\n  ${last.join('\n  ')}\n${logged.join('\n')}`);
      });
    },
    forget: parts.forget,
    drop,
  };
}

/** The same client, with something in front of the handlers that attach. */
function attachingBy(
  client: CoordinatorClient,
  between: (handler: BranchHandler) => BranchHandler,
): CoordinatorClient {
  return {
    begin: (request) => client.begin(request),
    registerBranch: (request) => client.registerBranch(request),
    abandonBranch: (request) => client.abandonBranch(request),
    setRollbackOnly: (request) => client.setRollbackOnly(request),
    commit: (request) => client.commit(request),
    rollback: (request) => client.rollback(request),
    status: (request) => client.status(request),
    awaitRelease: (request) => client.awaitRelease(request),
    attach: (handler) => client.attach(between(handler)),
    close: () => client.close(),
  };
}

/** Not only fences of the past: those of this very moment too. */
const PAST_AGE_MS = -60_000;
