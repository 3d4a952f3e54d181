/**
 * What a coordinator does in a second, against the same durable writes without one.
 *
 * Blocks of at most half a second are interleaved over at least twelve rounds, and each ratio is
 * the median of the rounds: on a shared machine long blocks differ by chance.
 */
import { fillHistory } from './coordinator-history.js';
import type { OpenVariant } from './coordinator-variants.js';
import { CoordinatorVariant, OneByOneVariant } from './coordinator-variants.js';
import type { Engine } from './engines/index.js';
import { ENGINES, withEngine } from './engines/index.js';
import type { Block, Rounds } from './support/block.js';
import { runBlock, runRounds } from './support/block.js';
import { oneOf, positive, readArguments, whole } from './support/bench-options.js';
import { median, percentile, round } from './support/statistics.js';

const BLOCK_MS_MAX = 500;
const ROUNDS_MIN = 12;
const WARM_UP_MS = 1_000;
/** Begin, two branches, decision and end. */
const WRITES_ONE_BY_ONE = 5;

const USAGE = `Usage: npm run bench:coordinator -- [options]
  --store        sqlite, postgres or mariadb, each with durable commits (sqlite)
  --concurrency  transactions at a time (64)
  --seconds      measured seconds for each kind of work (5)
  --history      also measure over a store with so many finished transactions (0)
  --json         end with one line of JSON

A transaction begins, registers two branches one after the other and commits; phase two goes to two
resources of this process, and its end is durable too. The time from begin to the answer of commit
is its latency. The same five writes one by one: one connection, one commit per write.`;

const values = readArguments(USAGE, {
  store: 'sqlite',
  concurrency: '64',
  seconds: '5',
  history: '0',
});
const store = oneOf('--store', values.store, ENGINES, USAGE);
const concurrency = whole('--concurrency', values.concurrency, 1, USAGE);
const seconds = positive('--seconds', values.seconds, USAGE);
const historyCount = whole('--history', values.history, 0, USAGE);
const rounds = Math.max(ROUNDS_MIN, Math.ceil((seconds * 1000) / BLOCK_MS_MAX));
const blockMs = Math.min(BLOCK_MS_MAX, (seconds * 1000) / rounds);

const measured = await withEngine(store, measure);
report(measured);

interface Measured {
  readonly rounds: Rounds<string>;
  readonly latenciesMs: readonly number[];
  readonly commitCount: number;
}

async function measure(engine: Engine): Promise<Measured> {
  if (historyCount > 0) {
    await fillHistory(engine, { name: 'history', count: historyCount, progress });
  }
  const coordinator = await CoordinatorVariant.open(engine, 'coordinator');
  const variants: Record<string, OpenVariant> = {
    coordinator,
    oneByOne: await OneByOneVariant.open(engine),
    ...(historyCount > 0 && { history: await CoordinatorVariant.open(engine, 'history') }),
  };
  say(`Warming up, then ${rounds} rounds of blocks of ${round(blockMs)} ms`);
  for (const variant of Object.values(variants)) await runBlock(variant, concurrency, WARM_UP_MS);
  coordinator.latenciesMs.length = 0;
  const commitsBefore = coordinator.store.commitCount;
  const all = await runRounds(variants, { rounds, blockMs, concurrency }, (done) => {
    progress(`round ${done} of ${rounds}`);
  });
  const commitCount = coordinator.store.commitCount - commitsBefore;
  for (const variant of Object.values(variants)) await variant.close();
  return { rounds: all, latenciesMs: coordinator.latenciesMs, commitCount };
}

function report({ commitCount, latenciesMs, rounds: all }: Measured): void {
  const blocksOf = (name: string): Block[] => all.flatMap((blocks) => blocks[name] ?? []);
  const rateOf = (name: string): number => median(blocksOf(name).map(rate));
  const ratioOf = (name: string, to: string): number => {
    const others = blocksOf(to).map(rate);
    return median(blocksOf(name).map((block, index) => rate(block) / (others[index] ?? NaN)));
  };
  const transactions = blocksOf('coordinator').reduce((sum, block) => sum + block.operations, 0);
  const commitsPerTx = commitCount / transactions;
  const ratio = ratioOf('coordinator', 'oneByOne');
  const result = {
    store,
    txPerSecond: round(rateOf('coordinator')),
    oneByOnePerSecond: round(rateOf('oneByOne'), 1),
    ratio: round(ratio, 2),
    p50Ms: round(percentile(latenciesMs, 0.5), 2),
    p99Ms: round(percentile(latenciesMs, 0.99), 2),
    cpuMsPerTx: round(median(blocksOf('coordinator').map(({ cpuUs }) => cpuUs)) / 1000, 4),
    durableCommitsPerTx: round(commitsPerTx, 4),
    commitSpeedRatio: round((ratio * commitsPerTx) / WRITES_ONE_BY_ONE, 3),
    ...(historyCount > 0 && {
      history: historyCount,
      historyRatio: round(ratioOf('history', 'coordinator'), 3),
      peakMemoryMb: round(process.resourceUsage().maxRSS / 1024),
    }),
    concurrency,
    rounds: all.length,
  };
  say(`
global transactions   ${perSecond(result.txPerSecond)} at ${concurrency} at a time
the same one by one   ${perSecond(result.oneByOnePerSecond)}; ratio ${result.ratio}
latency               ${result.p50Ms} ms median, ${result.p99Ms} ms for 99 of 100
CPU of this process   ${result.cpuMsPerTx} ms per transaction
durable commits       ${result.durableCommitsPerTx} per transaction
speed of a commit     ${result.commitSpeedRatio} of that of a single write`);
  if (result.historyRatio !== undefined) {
    say(`with history          ${result.historyRatio} of the throughput`);
    say(`memory                ${result.peakMemoryMb ?? 0} MB at most`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
}

function rate({ operations, seconds: took }: Block): number {
  return operations / took;
}

function perSecond(value: number): string {
  return `${value.toLocaleString('en')} per second`;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(40)}`);
}

/** With --json only the last line goes to standard output. */
function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}
