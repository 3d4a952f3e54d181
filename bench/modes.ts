/**
 * What the modes cost: global transactions with a branch in each of two databases, against the
 * same two local transactions one after the other; and what a branch pays for being prepared.
 *
 * Blocks of at most half a second are interleaved, and each figure is the median of the rounds.
 */
import { join } from 'node:path';

import { TransactionManager } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';

import { startApplication } from './at-engines/application.js';
import { modesBenchOptions } from './modes-options.js';
import { openDatabases, type Pools, type Side } from './modes-work/databases.js';
import { pairedCost } from './modes-work/paired-cost.js';
import { report } from './modes-work/report.js';
import { BARE, FENCED, TccActions } from './modes-work/tcc-actions.js';
import { tccCost } from './modes-work/tcc-cost.js';
import { type Incidents, variantsOf } from './modes-work/variants.js';
import { xaCost } from './modes-work/xa-cost.js';
import { runRounds } from './support/block.js';
import { round } from './support/statistics.js';
import { warmUp } from './support/warm-up.js';

const BLOCK_MS_MAX = 500;
const ROUNDS_MIN = 12;

const options = modesBenchOptions();
const rounds = Math.max(ROUNDS_MIN, Math.ceil((options.seconds * 1000) / BLOCK_MS_MAX));
const blockMs = Math.min(BLOCK_MS_MAX, (options.seconds * 1000) / rounds);
const say = (text: string): void => {
  // With --json only the last line goes to standard output.
  (options.json ? process.stderr : process.stdout).write(`${text}\n`);
};

const databases = await openDatabases();
const plain = databases.pools();
const at = wrap(databases.pools(), 'AT');
const xa = wrap(databases.pools(), 'XA');
const tccPools = wrap(databases.pools(), 'TCC');
const sources = [at, tccPools, xa].flatMap((pools) => Object.values(pools));
const app = await startApplication(sources, join(databases.folder, 'coordinator.db'), [
  TccActions,
  { provide: FENCED, useValue: tccPools },
  { provide: BARE, useValue: plain },
]);
const manager = app.get(TransactionManager);
const tcc = app.get(TccActions);
const incidents: Incidents = { lockConflicts: 0, failures: 0, firstFailure: undefined };
const variants = variantsOf({ manager, plain, at, tcc, xa, incidents });
say(`${databases.server}: warming up, then ${rounds} rounds of blocks of ${round(blockMs)} ms,`);
say(`${options.concurrency} transactions at a time`);
for (const variant of Object.values(variants)) await warmUp(variant, options.concurrency);
Object.assign(incidents, { lockConflicts: 0 });
const { concurrency } = options;
const measured = await runRounds(variants, { rounds, blockMs, concurrency }, () => undefined);
const client = await plain.orders.connect();
const xaCostRatio = await pairedCost(xaCost(client), rounds);
client.release();
const tccCostRatio = await pairedCost(tccCost(manager, tcc), rounds);
await app.close();
await databases.close();
report({ measured, xaCostRatio, tccCostRatio, incidents, options, server: databases.server, say });
process.exitCode = incidents.failures === 0 ? 0 : 1;

function wrap({ orders, wallet }: Pools, name: 'AT' | 'TCC' | 'XA'): Pools {
  const of = (side: Side) => ({
    resourceId: `${side}-${name}`,
    schemas: ['public'],
    mode: name === 'XA' ? ('XA' as const) : ('AT' as const),
  });
  return { orders: dtxPool(orders, of('orders')), wallet: dtxPool(wallet, of('wallet')) };
}
