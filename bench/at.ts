/**
 * What a global transaction in AT mode costs against a plain local one.
 *
 * Blocks of at most half a second are interleaved over at least twelve rounds, and each figure is
 * the median of the rounds: on a shared machine long blocks differ by chance.
 */
import { countRoundTrips } from './at-round-trips.js';
import { atVariants } from './at-variants.js';
import type { AtVariant } from './at-variants.js';
import { openAtWorld } from './at-world.js';
import type { Block, Rounds } from './support/block.js';
import { runBlock, runRounds } from './support/block.js';
import { benchOptions } from './support/bench-options.js';
import { median, round } from './support/statistics.js';

const BLOCK_MS_MAX = 500;
const ROUNDS_MIN = 12;
const WARM_UP_MS = 1_000;

const USAGE = `Usage: npm run bench:at -- [options]
  --seconds      measured seconds for each of the four kinds of work
  --concurrency  transactions at a time, over pools of 16 connections
  --through      measure over raw pg, or both sides over TypeORM
  --json         end with one line of JSON`;

const options = benchOptions(USAGE);
const rounds = Math.max(ROUNDS_MIN, Math.ceil((options.seconds * 1000) / BLOCK_MS_MAX));
const blockMs = Math.min(BLOCK_MS_MAX, (options.seconds * 1000) / rounds);

const world = await openAtWorld();
const variants = atVariants(world, options.through);
say(`Warming up, then ${rounds} rounds of 4 blocks of ${round(blockMs)} ms`);
for (const variant of Object.values(variants)) {
  await runBlock(variant, options.concurrency, WARM_UP_MS);
}
const measured = await runRounds(
  variants,
  { rounds, blockMs, concurrency: options.concurrency },
  (done) => {
    progress(`round ${done} of ${rounds}`);
  },
);
const trips = await countRoundTrips(world);
await world.close();
report(measured);

function report(all: Rounds<AtVariant>): void {
  const rate = (block: Block): number => block.operations / block.seconds;
  const ratioOf = (a: AtVariant, b: AtVariant): number =>
    round(median(all.map((blocks) => rate(blocks[a]) / rate(blocks[b]))), 3);
  const rateOf = (name: AtVariant): number => round(median(all.map((r) => rate(r[name]))));
  const cpuOf = (name: AtVariant): number => round(median(all.map((r) => r[name].cpuUs)));
  const result = {
    autocommitPerSecond: rateOf('autocommit'),
    plainPerSecond: rateOf('plain'),
    atPerSecond: rateOf('at'),
    ratio: ratioOf('at', 'plain'),
    captureCostRatio: ratioOf('plain', 'capture'),
    extraRoundTrips: round(trips.extra, 2),
    phaseTwoRoundTrips: round(trips.phaseTwo, 2),
    cpuUsPlain: cpuOf('plain'),
    cpuUsCapture: cpuOf('capture'),
    cpuUsAt: cpuOf('at'),
    concurrency: options.concurrency,
    through: options.through,
    rounds: all.length,
  };
  const rows = (['autocommit', 'plain', 'capture', 'at'] as const).map((name) =>
    [name.padEnd(12), perSecond(rateOf(name)), `${cpuOf(name)} µs`.padStart(10)].join(' '),
  );
  say(`\n${''.padEnd(12)} ${'per second'.padStart(12)} ${'client CPU'.padStart(10)}`);
  say(rows.join('\n'));
  say(`\nat / plain      ${result.ratio} (the whole global transaction, phase two included)`);
  say(`plain / capture ${result.captureCostRatio} (tag, fence and undo row, no coordinator)`);
  say(`round trips     ${result.extraRoundTrips} more than plain on the application's connection,`);
  say(`                ${result.phaseTwoRoundTrips} per transaction behind it for phase two`);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
}

function perSecond(rate: number): string {
  return rate.toLocaleString('en').padStart(12);
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text}`);
}

/** With --json only the last line goes to standard output. */
function say(text: string): void {
  (options.json ? process.stderr : process.stdout).write(`${text}\n`);
}
