/**
 * What a global transaction in AT mode costs against a plain local one.
 *
 * Blocks of at most half a second are interleaved over at least twelve rounds, and each figure is
 * the median of the rounds: on a shared machine long blocks differ by chance.
 */
import { AT_ENGINES } from './at-engines/index.js';
import { atBenchOptions } from './at-options.js';
import { report } from './at-report.js';
import type { Incidents } from './at-variants.js';
import { atVariants } from './at-variants.js';
import { runRounds } from './support/block.js';
import { round } from './support/statistics.js';
import { warmUp } from './support/warm-up.js';

const BLOCK_MS_MAX = 500;
const ROUNDS_MIN = 12;

const options = atBenchOptions();
const rounds = Math.max(ROUNDS_MIN, Math.ceil((options.seconds * 1000) / BLOCK_MS_MAX));
const blockMs = Math.min(BLOCK_MS_MAX, (options.seconds * 1000) / rounds);

const engine = await AT_ENGINES[options.engine]?.(options);
if (engine === undefined) throw new Error(`There is no engine ${options.engine}.`);
const incidents: Incidents = { lockConflicts: 0, failures: 0, firstFailure: undefined };
const variants = atVariants(engine, options, incidents);
const say = (text: string): void => {
  // With --json only the last line goes to standard output.
  (options.json ? process.stderr : process.stdout).write(`${text}\n`);
};
say(`${engine.server}, ${options.through}: warming up, then ${rounds} rounds of 5 blocks of`);
say(`${round(blockMs)} ms, ${options.concurrency} transactions at a time`);
for (const variant of Object.values(variants)) {
  await warmUp(variant, options.concurrency);
}
Object.assign(incidents, { lockConflicts: 0 });
const measured = await runRounds(
  variants,
  { rounds, blockMs, concurrency: options.concurrency },
  (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\rround ${done} of ${rounds}`);
  },
);
const trips = await engine.countRoundTrips();
await engine.close();
report({ measured, trips, incidents, options, server: engine.server, say });
process.exitCode = incidents.failures === 0 ? 0 : 1;
