import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import type { SeedResult } from './worker.js';

/** Two cores are what everybody has. */
const WORKER_COUNT = 2;

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));

export interface SeedsTotal {
  readonly seeds: number;
  readonly transactions: number;
  readonly committed: number;
  readonly crashes: number;
  /** Seeds with a violation. */
  readonly failed: readonly SeedResult[];
  /** Of the digests of all seeds, in their order. */
  readonly digest: string;
}

/** Runs the seeds in processes side by side, each taking every second one. */
export async function runSeeds(
  first: number,
  count: number,
  onProgress: (doneCount: number) => void,
): Promise<SeedsTotal> {
  const results: SeedResult[] = [];
  const onResult = (result: SeedResult): void => {
    results[result.seed - first] = result;
    doneCount += 1;
    onProgress(doneCount);
  };
  let doneCount = 0;
  const workers = Array.from({ length: WORKER_COUNT }, (_, index) =>
    runWorker([first + index, first + count - 1, WORKER_COUNT], onResult),
  );
  await Promise.all(workers);
  if (doneCount !== count) throw new Error(`Only ${doneCount} of ${count} seeds came back.`);
  const digest = createHash('sha256');
  for (const result of results) digest.update(`${result.seed} ${result.digest}\n`);
  return {
    seeds: count,
    transactions: results.reduce((sum, { transactions }) => sum + transactions, 0),
    committed: results.reduce((sum, { committed }) => sum + committed, 0),
    crashes: results.reduce((sum, { crashes }) => sum + crashes, 0),
    failed: results.filter(({ violations }) => violations.length > 0),
    digest: digest.digest('hex'),
  };
}

function runWorker(
  range: readonly number[],
  onResult: (result: SeedResult) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(WORKER, range.map(String));
    child.on('message', (results: readonly SeedResult[]) => {
      results.forEach(onResult);
    });
    child.on('error', reject);
    child.on('exit', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`A process of the simulation ended with ${String(status)}.`));
    });
  });
}
