import { join } from 'node:path';

import { ServerRuns } from '../../tools/machine/index.js';
import { removePostgres } from '../../tools/postgres/index.js';
import { removeRedis } from '../../tools/redis/index.js';
import { findFreePorts, LOOPBACK } from '../support/free-ports.js';
import { onInterrupt } from '../support/on-interrupt.js';
import type { ProcessGroup } from '../support/process-group.js';
import { checkBooks, readLedger } from './books.js';
import { awaitSettled, type Databases, openDatabases, seed } from './databases.js';
import { makeOrders, openingsFor } from './make-orders.js';
import { openMessages } from './open-messages.js';
import { HELP, type Options, parseOptions, UsageError } from './options.js';
import { placeOrders, type Told } from './place-orders.js';
import { formatJson, formatReport, type Result } from './report.js';
import { startProcesses } from './start-processes.js';

const EXIT_OK = 0;
const EXIT_DISAGREE = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

/** A folder for each run, so that two at the same moment do not meet. */
const RUNS = '.dtx/microservices';
const PROGRESS_STEPS = 5;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (!options.help) return await run(options);
    process.stdout.write(HELP);
    return EXIT_OK;
  } catch (error) {
    const { message, stack = message } = error as Error;
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${isUsage ? message : stack}\n`);
    return isUsage ? EXIT_USAGE : EXIT_DISAGREE;
  }
}

async function run(options: Options): Promise<number> {
  const runs = new ServerRuns(RUNS, removeServers);
  const interrupt = onInterrupt();
  await runs.begin();
  try {
    const result = await startAndPlace(options, { folder: runs.own, signal: interrupt.signal });
    // Not after a failure: what the processes have printed stays until the next run.
    await runs.end();
    if (result) return report(result, options);
    say('Interrupted.');
    return EXIT_INTERRUPTED;
  } finally {
    interrupt.release();
  }
}

async function removeServers(folder: string): Promise<void> {
  await removePostgres(join(folder, 'postgres'));
  await removeRedis(join(folder, 'redis'));
}

interface RunContext {
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Opens what the run needs, one inside the other, so that all of it is closed again.
 *
 * @returns nothing when somebody has interrupted the run
 */
async function startAndPlace(
  options: Options,
  { folder, signal }: RunContext,
): Promise<Result | undefined> {
  const [coordinator = 0, order = 0, inventory = 0, payment = 0] = await findFreePorts(4);
  const databases = await openDatabases(folder);
  try {
    const messages = await openMessages(options.transport, { folder, port: payment });
    try {
      const { transport, description } = messages;
      const { urls, pools } = databases;
      const ports = { coordinator, order, inventory };
      const processes = await startProcesses({ folder, urls, messages: transport, ports });
      try {
        sayProcesses(processes, description);
        const placed = await placeAndCheck(options, { pools, processes, port: order, signal });
        const names = processes.members.map(({ name }) => name);
        return placed && { ...placed, transport: transport.kind, processes: names };
      } finally {
        await processes.close();
      }
    } finally {
      await messages.close();
    }
  } finally {
    await databases.close();
  }
}

interface PlaceContext {
  readonly pools: Databases['pools'];
  readonly processes: ProcessGroup;
  readonly port: number;
  readonly signal: AbortSignal;
}

async function placeAndCheck(
  { orders: count, concurrency }: Options,
  { pools, processes, port, signal }: PlaceContext,
): Promise<Omit<Result, 'transport' | 'processes'> | undefined> {
  const orders = makeOrders(count);
  const openings = openingsFor(orders);
  await seed(pools, openings);
  const told: Told[] = [];
  const startedAtMs = performance.now();
  await placeOrders(orders, {
    url: `http://${LOOPBACK}:${port}`,
    concurrency,
    signal: AbortSignal.any([signal, processes.failed]),
    onTold: (order) => {
      told.push(order);
      if (told.length % Math.ceil(count / PROGRESS_STEPS) === 0) {
        say(`  ${told.length} of ${count} orders`);
      }
    },
  });
  processes.failed.throwIfAborted();
  if (signal.aborted) return undefined;
  const seconds = (performance.now() - startedAtMs) / 1000;
  await awaitSettled(
    pools,
    told.reduce((sum, { attempts }) => sum + attempts, 0),
  );
  const ledger = await readLedger(pools);
  const problems = checkBooks(ledger, { openings, told });
  return { told, events: ledger.attempts.length, problems, seconds };
}

function sayProcesses({ members }: ProcessGroup, transport: string): void {
  for (const { name, pid } of members) say(`  ${name.padEnd(12)} process ${pid ?? '?'}`);
  say(
    `HTTP to order, gRPC from order to inventory, messages from order to payment: ${transport}.\n`,
  );
}

function report(result: Result, { json }: Options): number {
  say(`\n${formatReport(result)}`);
  if (json) say(formatJson(result));
  return result.problems.length === 0 ? EXIT_OK : EXIT_DISAGREE;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
