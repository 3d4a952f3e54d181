import type { Violation } from '../checks/index.js';
import { ALL_GUARDS } from '../actors/ledger.js';
import { loadProduct } from '../runs/product.js';
import { runSeed } from '../runs/run.js';
import { drawScenario } from '../runs/scenario.js';
import type { PlantedBug } from './planted-bug.js';
import { plant } from './planted-bug.js';

/** The first seed that shows a bug, and how. */
export interface Found {
  readonly seed: number;
  readonly violation: Violation;
}

/** Within so many seeds each planted bug has to be found. */
export const SEEDS_MAX = 200;

/** Plants the bug and runs seeds until a checker sees it. */
export async function findBug(bug: PlantedBug): Promise<Found | undefined> {
  const product = await loadProduct(plant(bug));
  const guards = { ...ALL_GUARDS, ...bug.guards };
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    const { violations } = await runSeed({
      product,
      seed,
      scenario: (rng) => drawScenario(rng, guards),
    });
    const violation = violations.find(({ checker }) => bug.seenBy.includes(checker));
    if (violation !== undefined) return { seed, violation };
  }
  return undefined;
}
