/**
 * How fast a coordinator finishes what another one has left decided, and whether a participant that
 * never answers holds up the others.
 *
 * Runs with and without such a participant alternate, and each figure is the median of the rounds.
 */
import type { Engine } from './engines/index.js';
import { ENGINES, withEngine } from './engines/index.js';
import { recover } from './recovery-run.js';
import { oneOf, readArguments, whole } from './support/bench-options.js';
import { median, round } from './support/statistics.js';

const USAGE = `Usage: npm run bench:recovery -- [options]
  --store     sqlite, postgres or mariadb, each with durable commits (sqlite)
  --sessions  decided transactions that are open at the start (10000)
  --rounds    runs with all participants well, and with one that never answers (7)
  --json      end with one line of JSON

Each transaction has two branches at ten participants that answer a call in 5 ms; one half is to be
committed, the other rolled back. The time runs from the start of the coordinator until the last end
is durable. One tenth of all is at one participant: the slowdown is that of the other nine tenths
when this one never answers.`;

const values = readArguments(USAGE, { store: 'sqlite', sessions: '10000', rounds: '7' });
const store = oneOf('--store', values.store, ENGINES, USAGE);
const sessionCount = whole('--sessions', values.sessions, 100, USAGE);
const roundCount = whole('--rounds', values.rounds, 1, USAGE);

const seconds: number[] = [];
const slowdowns: number[] = [];
await withEngine(store, measure);
report();

async function measure(engine: Engine): Promise<void> {
  const run = (name: string, isOddWell: boolean): ReturnType<typeof recover> =>
    recover(engine, { name, sessionCount, isOddWell });
  say('Warming up');
  await run('warm_up', true);
  for (let index = 0; index < roundCount; index += 1) {
    // Every other round the other way round, so that none always profits from its neighbour.
    const isWellFirst = index % 2 === 0;
    const first = await run(`first_${index}`, isWellFirst);
    const second = await run(`second_${index}`, !isWellFirst);
    const [well, poisoned] = isWellFirst ? [first, second] : [second, first];
    seconds.push(well.all);
    slowdowns.push(poisoned.others / well.others);
    if (process.stderr.isTTY) process.stderr.write(`\rround ${index + 1} of ${roundCount}`);
  }
}

function report(): void {
  const result = {
    store,
    recoveredPerSecond: round(sessionCount / median(seconds)),
    poisonSlowdown: round(median(slowdowns), 3),
    sessions: sessionCount,
    rounds: roundCount,
  };
  say(`
recovered   ${result.recoveredPerSecond.toLocaleString('en')} transactions per second
slowdown    ${result.poisonSlowdown} times the time, beside a participant that never answers`);
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** With --json only the last line goes to standard output. */
function say(text: string): void {
  (values.json ? process.stderr : process.stdout).write(`${text}\n`);
}
