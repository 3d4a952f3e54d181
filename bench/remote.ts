/**
 * What a coordinator in another process does in a second, against the embedded one, and what a
 * message costs it.
 *
 * Blocks of at most half a second are interleaved over at least twelve rounds, and the ratio is the
 * median of the rounds: on a shared machine long blocks differ by chance.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RemoteVariant, embeddedVariant } from './remote-variants.js';
import type { ClientVariant } from './remote-variants.js';
import type { Block } from './support/block.js';
import { runBlock } from './support/block.js';
import { oneOf, positive, readArguments, whole } from './support/bench-options.js';
import { CoordinatorProcess } from './support/coordinator-process.js';
import { median, round } from './support/statistics.js';

const BLOCK_MS_MAX = 500;
const ROUNDS_MIN = 12;
const WARM_UP_MS = 1_500;

const USAGE = `Usage: npm run bench:remote -- [options]
  --store        sqlite with durable commits, or memory (sqlite)
  --concurrency  transactions at a time (64)
  --seconds      measured seconds for each of both (5)
  --json         end with one line of JSON

A transaction begins, registers two branches one after the other and commits; phase two goes to two
resources of this process, and its end is durable too. CPU of the server: all of the coordinator's
process, its store included, for each message that it has received or sent.`;

const values = readArguments(USAGE, { store: 'sqlite', concurrency: '64', seconds: '5' });
const store = oneOf('--store', values.store, ['sqlite', 'memory'], USAGE);
const concurrency = whole('--concurrency', values.concurrency, 1, USAGE);
const seconds = positive('--seconds', values.seconds, USAGE);
const rounds = Math.max(ROUNDS_MIN, Math.ceil((seconds * 1000) / BLOCK_MS_MAX));
const blockMs = Math.min(BLOCK_MS_MAX, (seconds * 1000) / rounds);

const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
try {
  await main();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const placeOf = (name: string): string =>
    store === 'memory' ? 'memory' : join(folder, `${name}.db`);
  const coordinator = await CoordinatorProcess.start(placeOf('remote'));
  const remote = await RemoteVariant.connect(coordinator);
  const embedded = await embeddedVariant(placeOf('embedded'));
  say(`Warming up, then ${rounds} rounds of blocks of ${round(blockMs)} ms`);
  for (const variant of [remote, embedded]) await runBlock(variant, concurrency, WARM_UP_MS);
  const all = await measure(remote, embedded);
  await remote.client.close();
  await embedded.client.close();
  await coordinator.stop();
  report(remote, all);
}

interface Round {
  readonly remote: Block;
  readonly embedded: Block;
}

/** Every other round runs backwards, so that none always profits from its neighbour. */
async function measure(remote: RemoteVariant, embedded: ClientVariant): Promise<readonly Round[]> {
  const runRemote = (): Promise<Block> =>
    remote.measure(() => runBlock(remote, concurrency, blockMs));
  const runEmbedded = (): Promise<Block> => runBlock(embedded, concurrency, blockMs);
  const all: Round[] = [];
  for (let index = 0; index < rounds; index += 1) {
    if (index % 2 === 0) all.push({ remote: await runRemote(), embedded: await runEmbedded() });
    else all.push({ embedded: await runEmbedded(), remote: await runRemote() });
  }
  return all;
}

function report(remote: RemoteVariant, all: readonly Round[]): void {
  const rateOf = (name: keyof Round): number => median(all.map((blocks) => rate(blocks[name])));
  const result = {
    store,
    remotePerSecond: round(rateOf('remote')),
    embeddedPerSecond: round(rateOf('embedded')),
    ratio: round(median(all.map((blocks) => rate(blocks.remote) / rate(blocks.embedded))), 3),
    serverCpuUsPerMessage: round(remote.cpuUs / remote.messages, 2),
    clientCpuUsPerTx: round(median(all.map((blocks) => blocks.remote.cpuUs))),
    messagesPerTx: round(remote.messages / sum(all.map((blocks) => blocks.remote.operations)), 2),
    concurrency,
    rounds: all.length,
  };
  say(`
remote coordinator    ${perSecond(result.remotePerSecond)} at ${concurrency} at a time
embedded coordinator  ${perSecond(result.embeddedPerSecond)}; ratio ${result.ratio}
CPU of the server     ${result.serverCpuUsPerMessage} us per message
CPU of the client     ${result.clientCpuUsPerTx} us per transaction
messages              ${result.messagesPerTx} per transaction, both ways`);
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
}

function rate({ operations, seconds: took }: Block): number {
  return operations / took;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function perSecond(value: number): string {
  return `${value.toLocaleString('en')} per second`;
}

/** With --json only the last line goes to standard output. */
function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}
