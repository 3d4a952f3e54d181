import type { Variant } from './block.js';
import { runBlock } from './block.js';

/**
 * The compiler of Node takes thousands of transactions to get to know the code: a variant is warm
 * when so many have run, and two blocks in a row bring its CPU per operation down by less than a
 * twentieth. A slow one, such as that of a single hot row, is measured cold without the number.
 */
const OPERATIONS_MIN = 6_000;
const BLOCK_MS = 1_500;
const BLOCKS_MAX = 12;
const GAIN_MIN = 0.05;

/** Runs a variant until it does not get cheaper any more. */
export async function warmUp(variant: Variant, concurrency: number): Promise<void> {
  let leastCpuUs = Infinity;
  let gainless = 0;
  let count = 0;
  for (let block = 0; block < BLOCKS_MAX; block += 1) {
    if (gainless >= 2 && count >= OPERATIONS_MIN) return;
    const { cpuUs, operations } = await runBlock(variant, concurrency, BLOCK_MS);
    count += operations;
    gainless = cpuUs < leastCpuUs * (1 - GAIN_MIN) ? 0 : gainless + 1;
    leastCpuUs = Math.min(leastCpuUs, cpuUs);
  }
}
