import { join } from 'node:path';

import { openCoordinator, openSqliteStore } from '../../../lib/coordinator/index.js';
import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { EmbeddedClient } from '../../../lib/transport/embedded-client.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { until } from '../../support/until.js';
import { EarlyStore } from './early-store.js';
import { Journal } from './journal.js';
import { journalResource } from './journal-resource.js';
import { runWorkload } from './workload.js';

/*
 * A program of its own: [folder] [work | recover] [right | early]. `work` runs the workload;
 * `recover` waits until everything in the journal has ended, and prints how.
 */
const [folder = '', task, bug] = process.argv.slice(2);
const FILE = join(folder, 'coordinator.db');

async function connect(): Promise<CoordinatorClient> {
  if (bug !== 'early') return connectEmbedded({ store: FILE });
  const store = new EarlyStore(await openSqliteStore(FILE));
  const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds });
  return new EmbeddedClient(coordinator.namespace('default'), () => coordinator.close());
}

async function main(): Promise<void> {
  const journal = new Journal(folder);
  const client = await connect();
  await client.attach(journalResource('orders', journal));
  await client.attach(journalResource('stock', journal));
  if (task === 'work') await runWorkload(client, journal);
  else process.stdout.write(`${JSON.stringify(await endings(client, journal))}\n`);
  await client.close();
}

/** How each transaction of the journal has ended, once they all have. */
async function endings(
  client: CoordinatorClient,
  journal: Journal,
): Promise<Record<string, string>> {
  const statuses: Record<string, string> = {};
  for (const { xid } of journal.read()) {
    await until(async () => {
      statuses[xid] = (await client.status({ xid })).status;
      return ['committed', 'rolled-back', 'absent'].includes(statuses[xid]);
    });
  }
  return statuses;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
