import type { Databases } from './databases.js';
import type { OrderLine } from './orders-file.js';
import { COMMITTED, type Outcome } from './outcome.js';
import { type PlaceOptions, placeOrders } from './place-orders.js';
import type { ProgressLine } from './progress.js';
import type { RunFolder } from './run-folder.js';
import { awaitSettled } from './settled.js';

/**
 * Finds out what became of orders whose answers were lost: those of a killed run, and those of
 * services that were killed.
 *
 * What was just being placed is decided first: the coordinator rolls back what was undecided and
 * finishes what was decided as soon as the services run. After that a row in the orders table is
 * the truth, whether or not anybody had come to note it.
 */
export async function recoverOutcomes(
  pools: Databases['pools'],
  folder: RunFolder,
  waitMsMax?: number,
): Promise<Map<string, Outcome>> {
  const undoRows = await awaitSettled(pools, waitMsMax);
  if (undoRows > 0) {
    throw new Error(
      `${undoRows} changes are still not settled. See what holds them up with ` +
        `npx nestjs-dtx transactions --store ${folder.coordinatorStore}`,
    );
  }
  const outcomes = await folder.readOutcomes();
  const { rows } = await pools.orders.query<{ id: string }>('SELECT id FROM orders');
  for (const { id } of rows) if (!outcomes.has(id)) outcomes.set(id, COMMITTED);
  return outcomes;
}

export interface PlaceRestOptions extends Pick<
  PlaceOptions,
  'url' | 'concurrency' | 'signal' | 'pace'
> {
  readonly folder: RunFolder;
  /** What is known already; what becomes known is added. */
  readonly outcomes: Map<string, Outcome>;
  readonly progress: ProgressLine;
}

/** How the placing of some orders went. */
export interface Pace {
  readonly placed: number;
  readonly seconds: number;
  /** Orders whose answers were lost. */
  readonly unknown: readonly string[];
}

/** Places the orders that have no outcome yet. */
export async function placeRest(
  orders: readonly OrderLine[],
  { folder, outcomes, progress, ...options }: PlaceRestOptions,
): Promise<Pace> {
  const rest = orders.filter(({ order }) => !outcomes.has(order));
  let committed = [...outcomes.values()].filter((outcome) => outcome === COMMITTED).length;
  const unknown: string[] = [];
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
      onUnknown: ({ order }) => unknown.push(order),
    });
  } finally {
    progress.clear();
  }
  return { placed: rest.length, seconds: (performance.now() - startedAtMs) / 1000, unknown };
}
