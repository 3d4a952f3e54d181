/**
 * Two coordinator nodes on one PostgreSQL, under load, while one is killed and one is frozen in
 * turn.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { countLeft } from './checks/left.js';
import { countTransactions, findViolations } from './checks/violations.js';
import { runFaults } from './faults.js';
import { clusterOptions } from './options.js';
import type { ClusterWorld } from './world.js';
import { openWorld } from './world.js';

/** Longer than leases, time-outs and pauses between retries together. */
const LEFT_MS_MAX = 60_000;
const LOOK_EVERY_MS = 200;
const OUTPUT_LINES_MAX = 20;

const options = clusterOptions();
const world = await openWorld(options);
const closeAndExit = (): void => {
  void world.close().finally(() => process.exit(1));
};
process.once('SIGINT', closeAndExit).once('SIGTERM', closeAndExit);
try {
  process.exitCode = (await run(world)) ? 0 : 1;
} catch (error) {
  say(String(error));
  process.exitCode = 1;
} finally {
  sayOutputs(world);
  await world.close();
}

async function run({ nodes }: ClusterWorld): Promise<boolean> {
  await Promise.all(nodes.map((node) => node.start()));
  say(`Two nodes run; faults for ${options.seconds} s`);
  const faults = await runFaults(nodes, options.seconds, progress);
  await Promise.all(nodes.map((node) => node.rest()));
  progress('waiting for the end of everything');
  const { left, tookMs } = await waitForNothing();
  await Promise.all(nodes.map((node) => node.stop()));
  const violations = await findViolations(world);
  const counts = await countTransactions(world);
  for (const violation of violations) say(violation);
  say(`
${counts.transactions} transactions: ${counts.committed} committed, ${counts.rolledBack} rolled back
${faults.kills} kills and ${faults.freezes} freezes
${violations.length} violations, ${left} records left ${Math.round(tookMs)} ms after the load`);
  const { length } = violations;
  const result = { ...counts, ...faults, seconds: options.seconds, violations: length, left };
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return violations.length === 0 && left === 0 && counts.committed > 0;
}

/** Nodes that are well print nothing. */
function sayOutputs({ nodes }: ClusterWorld): void {
  for (const { name, output } of nodes) {
    const lines = output.trimEnd().split('\n').slice(-OUTPUT_LINES_MAX);
    if (output !== '') say(`node ${name} has printed:\n  ${lines.join('\n  ')}`);
  }
}

async function waitForNothing(): Promise<{ readonly left: number; readonly tookMs: number }> {
  const startMs = performance.now();
  for (;;) {
    const left = await countLeft(world);
    const tookMs = performance.now() - startMs;
    if (left === 0 || tookMs > LEFT_MS_MAX) return { left, tookMs };
    await sleep(LOOK_EVERY_MS);
  }
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(60)}`);
}

/** With --json only the last line goes to standard output. */
function say(text: string): void {
  (options.json ? process.stderr : process.stdout).write(`${text}\n`);
}
