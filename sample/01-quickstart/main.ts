import 'reflect-metadata';

import { relative } from 'node:path';

import { onInterrupt } from '../support/on-interrupt.js';
import { checkBooks } from './books.js';
import { type Databases, dropDatabases, openDatabases, openServer } from './databases.js';
import { type Input, readInput } from './input.js';
import { openingsFor } from './openings.js';
import { HELP, type Options, parseOptions, UsageError } from './options.js';
import { placeAll } from './place-all.js';
import { recoverOutcomes } from './place-rest.js';
import { ProgressLine } from './progress.js';
import { describeRemote, startChaos } from './remote-run.js';
import { formatJson, formatReport, type Result } from './report.js';
import { RunFolder } from './run-folder.js';
import { seed } from './seed.js';
import { awaitSettled } from './settled.js';
import { startAll } from './start-all.js';

const EXIT_OK = 0;
const EXIT_DISAGREE = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const FOREIGN_FOLDER =
  'The folder belongs to another user, who has most likely run this before. Let them remove it, ' +
  'or use another one with --data.';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (!options.help) return await run(options);
    process.stdout.write(HELP);
    return EXIT_OK;
  } catch (error) {
    const { message, stack = message, code } = error as NodeJS.ErrnoException;
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${isUsage ? message : stack}\n`);
    if (code === 'EACCES') process.stderr.write(`\n${FOREIGN_FOLDER}\n`);
    return isUsage ? EXIT_USAGE : EXIT_DISAGREE;
  }
}

/** Opens what the run needs, one inside the other, so that all of it is closed again. */
async function run(options: Options): Promise<number> {
  const folder = new RunFolder(options.data);
  const earlier = options.resume ? await folder.findEarlier() : undefined;
  const input = await readInput(options, earlier);
  const resumes = earlier?.begun === true && earlier.sha256 === input.source.sha256;
  sayInput(input);
  if (options.resume && !resumes) {
    say('There is no run of these orders to resume, so this one starts afresh.');
  }
  if (!resumes) await folder.announce(input.source);

  const interrupt = onInterrupt();
  const server = await openServer(folder.postgres);
  try {
    say(`PostgreSQL ${server.adopted ? 'is still there' : 'started'} on port ${server.port}.`);
    if (!resumes) {
      await folder.clear();
      await dropDatabases(server);
      await folder.begin(input.source);
    }
    const databases = await openDatabases(server);
    try {
      const result = await placeAndCheck(databases, { folder, input, options, interrupt });
      return result ? report(result, options) : sayInterrupted(options);
    } finally {
      await databases.close();
    }
  } finally {
    await server.close();
    interrupt.release();
  }
}

interface Context {
  readonly folder: RunFolder;
  readonly input: Input;
  readonly options: Options;
  readonly interrupt: { readonly signal: AbortSignal };
}

/** @returns nothing when somebody has interrupted the run */
async function placeAndCheck(
  { urls, pools }: Databases,
  { folder, input: { orders, malformed }, options, interrupt }: Context,
): Promise<Result | undefined> {
  const progress = new ProgressLine(process.stdout);
  const { services, remote, description } = await startAll(urls, { folder, options, progress });
  try {
    say(`${description}\n`);
    const openings = openingsFor(orders);
    await seed(pools, openings);
    const outcomes = await recoverOutcomes(pools, folder);
    const { concurrency, chaos } = options;
    const load = await placeAll(orders, {
      ...{ url: services.url, concurrency, folder, outcomes, progress, pools },
      signal: AbortSignal.any([interrupt.signal, services.failed]),
      ...(remote && chaos && { startChaos: () => startChaos(chaos, remote) }),
    });
    services.failed.throwIfAborted();
    if (!load) return undefined;
    // A commit is answered once it is decided; the last undo rows go a moment later.
    await awaitSettled(pools);
    const books = await checkBooks(pools, { orders, openings, outcomes });
    const { placed, seconds, lost } = load;
    return {
      ...{ malformed: malformed.length, outcomes, books, placed, seconds },
      ...(remote && { remote: describeRemote(remote, lost, chaos) }),
    };
  } finally {
    await services.close();
  }
}

function sayInput({ orders, malformed, source }: Input): void {
  say(`${orders.length} orders in ${relative('', source.file)}.`);
  for (const { line, reason } of malformed) say(`  Line ${line} is no order: ${reason}.`);
}

function report(result: Result, { json }: Options): number {
  say(formatReport(result));
  if (json) say(formatJson(result));
  return result.books.agree ? EXIT_OK : EXIT_DISAGREE;
}

function sayInterrupted({ remote }: Options): number {
  say(`Interrupted. Go on with: npm run quickstart -- ${remote ? '--remote ' : ''}--resume`);
  return EXIT_INTERRUPTED;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
