import type { Chaos } from '../support/chaos.js';
import type { Databases } from './databases.js';
import type { OrderLine } from './orders-file.js';
import { COMMITTED } from './outcome.js';
import { placeRest, type PlaceRestOptions, recoverOutcomes } from './place-rest.js';

/** How the placing of all orders went. */
export interface Load {
  /** Orders that were placed, those that were placed again included. */
  readonly placed: number;
  readonly seconds: number;
  /** Orders whose answers were lost, by what was found out. */
  readonly lost: LostAnswers;
}

export interface LostAnswers {
  readonly committed: number;
  /** They were placed again. */
  readonly rolledBack: number;
}

export interface PlaceAllOptions extends Omit<PlaceRestOptions, 'pace'> {
  readonly pools: Databases['pools'];
  /** Begins to kill processes: during the first round, which is nearly all of the load. */
  readonly startChaos?: () => Chaos;
}

/** Answers are lost when processes are killed, so hardly any after the first round. */
const ROUNDS_MAX = 4;

/**
 * Places the orders that have no outcome yet. Where the answer was lost, it finds out what became
 * of the order, and places it again if it was rolled back: nothing is guessed.
 *
 * @returns nothing when it was stopped before the end
 */
export async function placeAll(
  orders: readonly OrderLine[],
  { pools, startChaos, ...options }: PlaceAllOptions,
): Promise<Load | undefined> {
  const { folder, outcomes, signal } = options;
  const load = { placed: 0, seconds: 0, lost: { committed: 0, rolledBack: 0 } };
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const place = (pace?: PlaceRestOptions['pace']) =>
      placeRest(orders, { ...options, ...(pace && { pace }) });
    const { placed, seconds, unknown } =
      round === 1 && startChaos ? await duringChaos(startChaos(), place) : await place();
    load.placed += placed;
    load.seconds += seconds;
    if (signal.aborted) return undefined;
    if (unknown.length === 0) return load;
    const recovered = await recoverOutcomes(pools, folder);
    for (const order of unknown) {
      const isCommitted = recovered.get(order) === COMMITTED;
      load.lost[isCommitted ? 'committed' : 'rolledBack'] += 1;
      if (isCommitted) outcomes.set(order, COMMITTED);
    }
  }
  throw new Error(`The answers to some orders were lost ${ROUNDS_MAX} times.`);
}

async function duringChaos<T>(
  chaos: Chaos,
  work: (pace: PlaceRestOptions['pace']) => Promise<T>,
): Promise<T> {
  try {
    return await work((share, signal) => chaos.pace(share, signal));
  } finally {
    await chaos.stop();
  }
}
