// @ts-check
/**
 * Runs a sample of the suites that are too long for every change, and ends with one line that
 * counts each of them as one test:
 *
 *   node scripts/samples.mjs
 *   node scripts/samples.mjs --after "12 passed, 0 failed"    adds to what has been counted before
 *
 * The sample changes with the commit, so that many commits see much of the whole.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ROOT } from './build.mjs';
import { run } from './command.mjs';
import { countLine, sum } from './counts.mjs';

const FIRST_SEEDS = 1_000_000;
/** Enough for a load of 12 s at the least, while processes are killed. */
const QUICKSTART_ORDERS = 400;
const SCHEMAS = ['types', 'keys', 'shop', 'mariadb', 'sqlite'];
const CRASH_MODES = ['at', 'tcc', 'xa', 'mixed'];
/** The samples whose processes can be killed under load. */
const CHAOS = ['tcc', 'mixed'];

/** @typedef {{ title: string, script: string, args: string[], limitMs: number }} Sample */

/** @type {Sample[]} */
const SAMPLES = [
  { title: 'consume', script: 'test:consume', args: [], limitMs: 400_000 },
  {
    title: 'simulation',
    script: 'sim',
    args: ['--seeds', '600', '--first', String(seedOfCommit()), '--json'],
    limitMs: 400_000,
  },
  { title: 'crash points', script: 'sim', args: ['--exhaustive', '--json'], limitMs: 300_000 },
  {
    title: 'cluster',
    script: 'test:cluster',
    args: ['--seconds', '20', '--json'],
    limitMs: 300_000,
  },
  {
    title: 'crash',
    script: 'crash',
    args: [
      ...['--mode', CRASH_MODES[seedOfCommit() % CRASH_MODES.length] ?? 'at'],
      ...['--sample', String(seedOfCommit()), '--count', '20', '--json'],
    ],
    limitMs: 240_000,
  },
  { title: 'engines', script: 'test:engines', args: [], limitMs: 1_200_000 },
  { title: 'at suite', script: 'test:at', args: ['--json'], limitMs: 1_200_000 },
  { title: 'bank', script: 'test:bank', args: ['--seconds', '25', '--json'], limitMs: 180_000 },
  {
    title: 'fuzz',
    script: 'at:fuzz',
    args: [
      ...['--schema', `test/fuzz/schemas/${SCHEMAS[seedOfCommit() % SCHEMAS.length]}.sql`],
      ...['--seed', String(seedOfCommit()), '--seconds', '20', '--json'],
    ],
    limitMs: 240_000,
  },
  {
    title: 'microservices',
    script: 'sample:microservices',
    args: ['--transport', process.env['CI'] === 'true' ? 'redis' : 'auto', '--json'],
    limitMs: 120_000,
  },
  { title: 'programs', script: 'test:programs', args: [], limitMs: 1_200_000 },
  {
    title: 'their chaos',
    script: `sample:${CHAOS[seedOfCommit() % CHAOS.length] ?? 'tcc'}`,
    args: ['--chaos', '--count', '100', '--json'],
    limitMs: 240_000,
  },
  quickstart('coordinator'),
  quickstart('services'),
];

const { values } = parseArgs({ options: { after: { type: 'string' } } });
const counts = [countsOf(values.after)];
for (const sample of SAMPLES) counts.push(await take(sample));
const total = sum(counts);
process.stdout.write(`${countLine(total)}\n`);
process.exitCode = total.failed === 0 ? 0 : 1;

/**
 * @param {'coordinator' | 'services'} chaos who is killed
 * @returns {Sample}
 */
function quickstart(chaos) {
  const folder = join(ROOT, '.cache/samples');
  const input = join(folder, 'orders.csv');
  const orders = readFileSync(join(ROOT, 'sample/01-quickstart/orders.csv'), 'utf8').split('\n');
  mkdirSync(folder, { recursive: true });
  writeFileSync(input, orders.slice(0, 1 + QUICKSTART_ORDERS).join('\n'));
  return {
    title: `kill ${chaos}`,
    script: 'quickstart',
    // A folder of its own: the default one may hold a run that somebody wants to resume.
    args: [
      ...['--remote', '--chaos', chaos, '--json', '--input', input],
      ...['--data', join(folder, 'quickstart')],
    ],
    limitMs: 240_000,
  };
}

/** @param {Sample} sample */
async function take({ args, limitMs, script, title }) {
  const command = ['npm', 'run', '--silent', script, '--', ...args];
  const { ok, output, seconds } = await run(command, { cwd: ROOT, limitMs });
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const line = `${ok ? 'ok    ' : 'FAILED'} ${title.padEnd(17)}${seconds.toFixed(1).padStart(7)} s`;
  process.stdout.write(`${line}  ${last}\n`);
  if (!ok) process.stdout.write(`${output.trimEnd()}\n`);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

/** @param {string | undefined} line */
function countsOf(line) {
  const [, passed, failed, skipped] =
    /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/.exec(line ?? '') ?? [];
  return {
    passed: Number(passed ?? 0),
    failed: Number(failed ?? 0),
    skipped: Number(skipped ?? 0),
  };
}

/** A number that is the same for the same commit; 1 where there is none. */
function seedOfCommit() {
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  const digits = /^[0-9a-f]{8}/.exec(stdout ?? '')?.[0];
  return digits === undefined ? 1 : 1 + (Number.parseInt(digits, 16) % FIRST_SEEDS);
}
