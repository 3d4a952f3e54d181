// @ts-check
/**
 * `npm test`: everything that can be checked. A failed step does not stop the next one. The linter
 * takes as long as all other steps before the tests, and runs beside them.
 *
 *   npm test                 steps with their seconds, a summary, and last `N passed, N failed`
 *   npm test -- --json       the last line as JSON
 *   npm test -- lint jest    only these steps
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ROOT } from './build.mjs';
import { run } from './command.mjs';
import { countLine, sum } from './counts.mjs';

/** @typedef {import('./counts.mjs').Counts} Counts */
/**
 * @typedef {object} Step
 * @property {string} title
 * @property {string} script
 * @property {string[]} [args]
 * @property {number} [limitMs]
 * @property {boolean} [runsBeside] beside those behind it, up to the tests
 */
/** @typedef {{ ok: boolean, seconds: number, output: string }} Outcome */
/** @typedef {Outcome & { title: string, counts: Counts }} Result */

const JEST_REPORT = join(ROOT, '.cache/jest-report.json');
const LIMIT_MS = 180_000;

/**
 * Cheap ones first: who has made a slip of the pen should not wait for a database.
 *
 * @type {Step[]}
 */
const STEPS = [
  { title: 'typecheck', script: 'typecheck' },
  { title: 'lint', script: 'lint', limitMs: 400_000, runsBeside: true },
  { title: 'format', script: 'format:check' },
  { title: 'architecture', script: 'architecture' },
  { title: 'dead-code', script: 'deadcode' },
  { title: 'build', script: 'build' },
  {
    title: 'jest',
    script: 'test:jest',
    args: ['--json', `--outputFile=${JEST_REPORT}`],
    // Against what hangs, not against what is slow.
    limitMs: 900_000,
  },
  { title: 'package-shape', script: 'test:shape' },
];

const { values: options, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
await main();

async function main() {
  const unknown = positionals.filter((title) => !STEPS.some((step) => step.title === title));
  if (unknown.length > 0) {
    const known = STEPS.map(({ title }) => title).join(', ');
    process.stderr.write(`There is no step ${unknown.join(', ')}; the steps are ${known}.\n`);
    process.exit(2);
  }
  const startedAt = performance.now();
  const wanted = STEPS.filter(
    ({ title }) => positionals.length === 0 || positionals.includes(title),
  );
  /** @type {Promise<Result>[]} */
  const beside = [];
  const results = [];
  for (const step of wanted) {
    if (step.runsBeside === true) {
      beside.push(take(step));
      continue;
    }
    // Databases and processes that are killed have the machine to themselves.
    if (step.title === 'jest') await Promise.all(beside);
    results.push(await take(step));
  }
  results.push(...(await Promise.all(beside)));
  summarise(results, (performance.now() - startedAt) / 1000);
}

/**
 * @param {Step} step
 * @returns {Promise<Result>}
 */
async function take({ title, script, args = [], limitMs = LIMIT_MS }) {
  const stopClock = showClock(title);
  rmSync(JEST_REPORT, { force: true });
  const command = ['npm', 'run', '--silent', script, ...(args.length > 0 ? ['--', ...args] : [])];
  const { ok, output, seconds } = await run(command, {
    cwd: ROOT,
    limitMs,
    onOutput: (text) => showSuites(text),
  });
  stopClock();
  say(`${ok ? 'ok    ' : 'FAILED'} ${title.padEnd(14)}${seconds.toFixed(1).padStart(7)} s`);
  return { title, ok, seconds, output, counts: countsOf(title, ok) };
}

/**
 * A step counts as one test, Jest's as many as it has. A suite that could not even be loaded is one
 * failure.
 *
 * @param {string} title
 * @param {boolean} ok
 * @returns {Counts}
 */
function countsOf(title, ok) {
  const one = { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
  const report = title === 'jest' ? readReport() : undefined;
  if (report === undefined) return one;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return {
    passed: report.numPassedTests,
    // Jest may fail although every test has passed: a server that does not start or stop.
    failed: Math.max(failed, one.failed),
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function readReport() {
  try {
    return JSON.parse(readFileSync(JEST_REPORT, 'utf8'));
  } catch {
    // Jest has not got as far as its report: the step as a whole has failed.
    return undefined;
  }
}

/**
 * @param {readonly Result[]} results
 * @param {number} seconds
 */
function summarise(results, seconds) {
  for (const { title, output } of results.filter(({ ok }) => !ok)) {
    say(`\n──── ${title} ────\n${output.trimEnd()}`);
  }
  const counts = sum(results.map((result) => result.counts));
  say(`\n${'step'.padEnd(14)}  result  seconds`);
  for (const { title, ok, seconds } of results) say(row(title, ok, seconds));
  say(`${row('all', counts.failed === 0, seconds)}\n`);
  const steps = results.map(({ title, ok, seconds }) => ({ title, ok, seconds }));
  say(options.json ? JSON.stringify({ ...counts, seconds, steps }) : countLine(counts));
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

/** @type {(title: string, ok: boolean, seconds: number) => string} */
function row(title, ok, seconds) {
  return `${title.padEnd(14)}  ${ok ? 'ok    ' : 'FAILED'}  ${seconds.toFixed(1).padStart(7)}`;
}

/**
 * On a terminal: the step that runs, and since when.
 *
 * @param {string} title
 */
function showClock(title) {
  if (!process.stdout.isTTY) return () => undefined;
  const startedAt = performance.now();
  const show = () => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stdout.write(`\r\u001b[K…      ${title} ${seconds} s`);
  };
  show();
  const timer = setInterval(show, 1000);
  return () => {
    clearInterval(timer);
    process.stdout.write('\r\u001b[K');
  };
}

/**
 * Jest takes minutes: its suites are shown as they end.
 *
 * @param {string} text
 */
function showSuites(text) {
  const clear = process.stdout.isTTY ? '\r\u001b[K' : '';
  for (const [suite] of text.matchAll(/^(PASS|FAIL) .*$/gm)) {
    process.stdout.write(`${clear}         ${suite}\n`);
  }
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}
