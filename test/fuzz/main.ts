/** Random writes in global transactions, compared with a copy that has seen the committed ones. */
import type { Findings } from './findings.js';
import { FileError } from './file-error.js';
import { openWorld } from './open-world.js';
import { fuzzOptions } from './options.js';
import { Fuzzer } from './run.js';
import { summaryOf } from './summary.js';
import type { World } from './world.interface.js';

const ALIVE_MS = 1_000;

const options = fuzzOptions();
const world = await openWorld(options.engine, options.sql).catch(cannotStart);
// What the library waits for does not keep a process alive, and neither does an idle pool.
const alive = setInterval(() => undefined, ALIVE_MS);
const closeAndExit = (): void => {
  void world.close().finally(() => process.exit(1));
};
process.once('SIGINT', closeAndExit).once('SIGTERM', closeAndExit);
try {
  process.exitCode = (await run(world)) ? 0 : 1;
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
} finally {
  await world.close();
  clearInterval(alive);
}

async function run(fuzzed: World): Promise<boolean> {
  const tables = fuzzed.model.tables.length;
  say(`${fuzzed.title}; ${tables} tables, seed ${options.seed}`);
  const fuzzer = new Fuzzer(fuzzed, options);
  const startMs = performance.now();
  const findings = await fuzzer.run(progress);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  for (const report of findings.reports) say(`\n${report}`);
  say(`\n${summaryOf(fuzzed, findings, fuzzer.volatile)}`);
  const { committed, conflicts, differences, failed, left, missed, open } = findings;
  const { refused, rolledBack, statements, transactions, triggerRows, unsound } = findings;
  const result = {
    ...{ transactions, committed, rolledBack, statements, refused, failed, tables },
    ...{ seed: options.seed, conflicts, missed, triggerRows, unsound, left, open, seconds },
    differences,
  };
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return differences === 0 && committed > 0 && rolledBack > 0;
}

function progress({ differences, transactions }: Findings): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${transactions} transactions, ${differences} differences`);
}

/** With --json only the last line goes to standard output. */
function say(text: string): void {
  (options.json ? process.stderr : process.stdout).write(`${text}\n`);
}

function cannotStart(error: unknown): never {
  const isFile = error instanceof FileError;
  process.stderr.write(
    `${isFile ? `${options.schema}: ` : ''}${isFile ? error.message : String(error)}\n`,
  );
  process.exit(isFile ? 2 : 1);
}
