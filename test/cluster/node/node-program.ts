import { once } from 'node:events';

import pg from 'pg';

import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { SIDES } from '../business.js';
import type { Side } from '../business.js';
import { loadProduct } from '../product.js';
import { Journal } from './journal.js';
import type { NodeMessage, NodeOrder, NodeSettings } from './messages.js';
import { Participant } from './participant.js';
import { remoteService, serve } from './peer.js';
import type { NodeService } from './peer.js';
import { Workload } from './workload.js';

/*
 * One node of the cluster: a coordinator, the resources of both services, and clients. It is told
 * what to do over the channel of its parent process, and ends with that.
 */
const settings = JSON.parse(process.argv[2] ?? '') as NodeSettings;

const endWithParent = (): never => process.exit(1);
process.once('disconnect', endWithParent);

await main();

async function main(): Promise<void> {
  const { EmbeddedClient, openCoordinator, openPostgresStore, systemClock, systemIds } =
    await loadProduct(settings.lib);
  const pool = businessPool();
  const participants = Object.fromEntries(
    SIDES.map((side) => [side, new Participant(pool, side, settings.node)]),
  ) as Readonly<Record<Side, Participant>>;
  const store = await openPostgresStore({ url: settings.coordinatorUrl, migrate: false });
  const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds });
  const client = new EmbeddedClient(coordinator.namespace('default'), () => coordinator.close());
  for (const side of SIDES) await client.attach(participants[side].handler);
  const here = localService(client, participants);
  const server = await serve(settings.port, here);
  const workload = new Workload({
    node: settings.node,
    client,
    ids: systemIds,
    journal: new Journal(settings.journalFile),
    here,
    there: remoteService(settings.peerPort),
  });
  tell('ready');
  await ordered('work');
  workload.start(settings.concurrency);
  await ordered('rest');
  await workload.stop();
  tell('resting');
  await ordered('stop');
  server.closeAllConnections();
  server.close();
  await client.close();
  await pool.end();
  process.off('disconnect', endWithParent);
  process.disconnect();
}

/** Nobody waits for a frozen node's rows: the server ends its transactions. */
function businessPool(): pg.Pool {
  const pool = new pg.Pool({
    connectionString: settings.businessUrl,
    max: 8,
    statement_timeout: 5_000,
    query_timeout: 5_000,
    connectionTimeoutMillis: 5_000,
    idle_in_transaction_session_timeout: 1_000,
  });
  // A connection that is in use tells it itself, one that rests through the pool.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return pool.on('error', () => undefined);
}

function localService(
  client: CoordinatorClient,
  participants: Readonly<Record<Side, Participant>>,
): NodeService {
  return {
    branch: async (work) => {
      const { branchId, side, xid } = work;
      const type = side === 'orders' ? 'AT' : 'TCC';
      const applicationId = settings.node;
      await client.registerBranch({ xid, branchId, type, resourceId: side, applicationId });
      await participants[side].prepare(work);
    },
    end: async ({ direction, waitMs, xid }) => (await client[direction]({ xid, waitMs })).status,
  };
}

async function ordered(order: NodeOrder): Promise<void> {
  for (;;) {
    const [message] = (await once(process, 'message')) as [NodeOrder];
    if (message === order) return;
  }
}

function tell(message: NodeMessage): void {
  process.send?.(message);
}
