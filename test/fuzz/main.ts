/** Random writes in global transactions, compared with a copy that has seen the committed ones. */
import type { Findings } from './findings.js';
import { FileError } from './load-file.js';
import { fuzzOptions } from './options.js';
import { Fuzzer } from './run.js';
import type { World } from './world.js';
import { openWorld } from './world.js';

const SHOWN_MAX = 8;
const ALIVE_MS = 1_000;

const options = fuzzOptions();
if (options.engine !== 'postgres') {
  process.stderr.write(`at:fuzz does not know the engine ${options.engine} yet.\n`);
  process.exit(2);
}
const world = await openWorld(options.sql).catch(cannotStart);
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
  say(`PostgreSQL ${fuzzed.model.version}; ${tables} tables, seed ${options.seed}`);
  const fuzzer = new Fuzzer(fuzzed, options);
  const startMs = performance.now();
  const findings = await fuzzer.run(progress);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  for (const report of findings.reports) say(`\n${report}`);
  const { committed, conflicts, differences, failed, left, missed, open } = findings;
  const { pairs, refused, rolledBack, statements, transactions, triggerRows } = findings;
  const volatile = [...fuzzer.volatile].flatMap(([table, columns]) =>
    [...columns].map((column) => `${table}.${nameOf(fuzzed, table, column)}`),
  );
  say(`
${transactions} global transactions: ${committed} committed, ${rolledBack} rolled back
${pairs} pairs of them at the same time, ${conflicts} lock conflicts
${missed} writes that found what was rolled back later, and nothing to write (see docs/isolation.md)
${statements} statements, of which ${failed} failed by themselves ${top(findings.failures)}
${refused} refused ${top(findings.refusals)}
${triggerRows} rows written by triggers during a rollback, which stay (see docs/at-postgres.md)
not compared behind a commit, since they are never twice the same: ${volatile.join(', ') || 'none'}
${differences} differences, ${left} undo rows left, ${open} transactions left open`);
  const result = {
    ...{ transactions, committed, rolledBack, statements, refused, failed, tables },
    ...{ seed: options.seed, conflicts, missed, triggerRows, left, open, seconds },
    differences,
  };
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return differences === 0 && committed > 0 && rolledBack > 0;
}

function nameOf({ model }: World, table: string, column: number): string {
  return model.tables.find(({ name }) => name === table)?.columns[column]?.name ?? '';
}

function top(counts: Findings['failures']): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a).slice(0, SHOWN_MAX);
  return sorted.length === 0 ? '' : `(${sorted.map(([what, n]) => `${what}: ${n}`).join(', ')})`;
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
