import type { Databases } from './databases.js';
import type { OrderLine } from './orders-file.js';
import { COMMITTED, type Outcome } from './outcome.js';
import { placeOrders } from './place-orders.js';
import { ProgressLine } from './progress.js';
import type { RunFolder } from './run-folder.js';
import { awaitSettled } from './settled.js';

/**
 * Finds out what became of the orders that a killed run had placed.
 *
 * Those that it was just placing are decided first: the coordinator rolls back what was undecided
 * and finishes what was decided as soon as the services run. After that a row in the orders table
 * is the truth, whether or not the killed run had come to note it.
 */
export async function recoverOutcomes(
  pools: Databases['pools'],
  folder: RunFolder,
  waitMsMax?: number,
): Promise<Map<string, Outcome>> {
  const undoRows = await awaitSettled(pools, waitMsMax);
  if (undoRows > 0) {
    throw new Error(
      `${undoRows} changes of the killed run are still not settled. See what holds them up with ` +
        `npx nestjs-dtx transactions --store ${folder.coordinatorStore}`,
    );
  }
  const outcomes = await folder.readOutcomes();
  const { rows } = await pools.orders.query<{ id: string }>('SELECT id FROM orders');
  for (const { id } of rows) if (!outcomes.has(id)) outcomes.set(id, COMMITTED);
  return outcomes;
}

export interface PlaceRestOptions {
  readonly url: string;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly folder: RunFolder;
  /** What is known already; what becomes known is added. */
  readonly outcomes: Map<string, Outcome>;
}

/** Places the orders that have no outcome yet. @returns how many, and in how many seconds */
export async function placeRest(
  orders: readonly OrderLine[],
  { folder, outcomes, ...options }: PlaceRestOptions,
): Promise<{ readonly placed: number; readonly seconds: number }> {
  const rest = orders.filter(({ order }) => !outcomes.has(order));
  let committed = [...outcomes.values()].filter((outcome) => outcome === COMMITTED).length;
  const progress = new ProgressLine(process.stdout);
  const startedAtMs = performance.now();
  try {
    await placeOrders(rest, {
      ...options,
      onOutcome: async ({ order }, outcome) => {
        outcomes.set(order, outcome);
        if (outcome === COMMITTED) committed += 1;
        progress.show({ done: outcomes.size, total: orders.length, committed });
        await folder.record(order, outcome);
      },
    });
  } finally {
    progress.clear();
  }
  return { placed: rest.length, seconds: (performance.now() - startedAtMs) / 1000 };
}
