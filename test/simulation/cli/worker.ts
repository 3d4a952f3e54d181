import { ALL_GUARDS } from '../actors/ledger.js';
import { loadProduct, RIGHT_LIB } from '../runs/product.js';
import type { RunResult } from '../runs/run.js';
import { runSeed } from '../runs/run.js';
import { drawScenario } from '../runs/scenario.js';

/** What the process that runs the seeds tells the one that counts them. */
export interface SeedResult extends Omit<RunResult, 'portCalls'> {
  readonly seed: number;
}

const RESULTS_PER_MESSAGE = 20;

/*
 * A program of its own: [first] [last] [step]. Runs the seeds and sends what came of them to its
 * parent; when the parent is gone, it ends too.
 */
const [first = 0, last = -1, step = 1] = process.argv.slice(2).map(Number);

const product = await loadProduct(RIGHT_LIB);
process.on('disconnect', () => process.exit(1));
let results: SeedResult[] = [];
for (let seed = first; seed <= last; seed += step) {
  const { portCalls: _, ...result } = await runSeed({
    product,
    seed,
    scenario: (rng) => drawScenario(rng, ALL_GUARDS),
  });
  results.push({ seed, ...result });
  if (results.length >= RESULTS_PER_MESSAGE) send();
}
send();
process.removeAllListeners('disconnect');
process.disconnect();

function send(): void {
  process.send?.(results);
  results = [];
}
