/**
 * Runs the real coordinator in a simulated world: seeded, with all faults, exactly repeatable.
 *
 *   npm run sim -- --seeds 3000
 */
import { ALL_GUARDS } from './actors/ledger.js';
import type { Found } from './bugs/find-bug.js';
import { findBug, SEEDS_MAX } from './bugs/find-bug.js';
import type { PlantedBug } from './bugs/planted-bug.js';
import { PLANTED_BUGS } from './bugs/planted-bugs.js';
import type { Options } from './cli/options.js';
import { parseOptions, USAGE } from './cli/options.js';
import type { SeedsTotal } from './cli/parallel-seeds.js';
import { runSeeds } from './cli/parallel-seeds.js';
import { commandOf, progressOf, say } from './cli/report.js';
import { runExhaustively } from './runs/exhaustive.js';
import { loadProduct, RIGHT_LIB } from './runs/product.js';
import { runSeed } from './runs/run.js';
import { drawScenario } from './runs/scenario.js';

type OptionsOf<K extends Options['kind']> = Extract<Options, { kind: K }>;

const SHOWN_MAX = 10;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options.kind === 'seeds') return seeds(options);
  if (options.kind === 'seed') return oneSeed(options);
  return options.kind === 'bug' ? bug(options) : exhaustive(options);
}

async function seeds({ count, first, json }: OptionsOf<'seeds'>): Promise<number> {
  const beganAtMs = Date.now();
  const total = await runSeeds(first, count, progressOf(count, 'seeds'));
  const seconds = (Date.now() - beganAtMs) / 1_000;
  for (const { seed, violations } of total.failed.slice(0, SHOWN_MAX)) {
    const [violation] = violations;
    const again = commandOf(`--seed ${seed} --trace`);
    say(`seed ${seed}: ${violation?.checker} ${violation?.message}; again: ${again}`);
  }
  const { committed, crashes, digest, transactions } = total;
  const violations = total.failed.length;
  for (const [message, seeds] of grouped(total.failed)) say(`${seeds} seeds: ${message}`);
  say(`${count} seeds in ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(0)} a second`);
  say(`${transactions} transactions, ${committed} of them committed, and ${crashes} crashes`);
  say(`${violations} seeds with a violation`);
  say(`digest ${digest}`);
  if (json) say(JSON.stringify({ seeds: count, transactions, crashes, violations, digest }));
  return violations === 0 ? 0 : 1;
}

async function oneSeed({ json, seed, trace }: OptionsOf<'seed'>): Promise<number> {
  const product = await loadProduct(RIGHT_LIB);
  const { crashes, digest, transactions, violations } = await runSeed({
    product,
    seed,
    scenario: (rng) => drawScenario(rng, ALL_GUARDS),
    ...(trace && { print: say }),
  });
  for (const { checker, message } of violations) say(`${checker} ${message}`);
  say(`seed ${seed}: ${transactions} transactions, ${crashes} crashes, digest ${digest}`);
  if (json)
    say(JSON.stringify({ seed, transactions, crashes, violations: violations.length, digest }));
  return violations.length === 0 ? 0 : 1;
}

async function bug({ json, name }: OptionsOf<'bug'>): Promise<number> {
  const bugs = PLANTED_BUGS.filter((planted) => name === 'all' || planted.name === name);
  if (bugs.length === 0) {
    const names = PLANTED_BUGS.map((planted) => planted.name).join(', ');
    process.stderr.write(`There is no bug "${name}". There are: ${names}, all.\n`);
    return 2;
  }
  let missedCount = 0;
  for (const planted of bugs) {
    const { message, seed, violation } = await lookFor(planted);
    const isFound = violation !== undefined;
    if (!isFound) missedCount += 1;
    say(`${planted.name}: ${message}`);
    if (json) say(JSON.stringify({ bug: planted.name, found: isFound, seed, message }));
  }
  return missedCount === 0 ? 0 : 1;
}

async function lookFor(planted: PlantedBug): Promise<Partial<Found> & { message: string }> {
  try {
    const found = await findBug(planted);
    if (found === undefined) return { message: `NOT FOUND within ${SEEDS_MAX} seeds` };
    const { checker, message } = found.violation;
    return { ...found, message: `seed ${found.seed}, ${checker} ${message}` };
  } catch (error) {
    return { message: `NOT PLANTED: ${(error as Error).message}` };
  }
}

async function exhaustive(options: OptionsOf<'exhaustive'>): Promise<number> {
  const { json, only, trace } = options;
  let tell = progressOf(0, '');
  const { cases, failed, points } = await runExhaustively({
    product: await loadProduct(RIGHT_LIB),
    only,
    ...(trace && { print: say }),
    onProgress: (doneCount, count) => {
      if (doneCount === 1) tell = progressOf(count, 'crashes');
      tell(doneCount);
    },
  });
  for (const { crash, number, violation } of failed.slice(0, SHOWN_MAX)) {
    const again = commandOf(`--exhaustive --case ${number} --trace`);
    const where = `${crash.arrangement} ${crash.process} ${crash.moment} call ${crash.call}`;
    say(`${where}: ${violation.checker} ${violation.message}; again: ${again}`);
  }
  const violations = failed.length;
  say(`${cases} cases at ${points} port calls, ${violations} with a violation`);
  if (json) say(JSON.stringify({ cases, points, violations }));
  return violations === 0 ? 0 : 1;
}

/** How many seeds have each kind of violation; ids and numbers are left out. */
function grouped(failed: SeedsTotal['failed']): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { violations } of failed) {
    const kinds = violations.map(
      ({ checker, message }) => `${checker} ${message.replace(/\b[0-9a-f]{5,}\b|[0-9]+/g, '#')}`,
    );
    for (const kind of new Set(kinds)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
