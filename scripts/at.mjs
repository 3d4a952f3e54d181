// @ts-check
/**
 * `npm run test:at`: the suite of AT mode on every database that it covers.
 *
 *   npm run test:at                              PostgreSQL (two versions), MariaDB and SQLite
 *   npm run test:at -- --engine mariadb          only this engine; may be repeated
 *   npm run test:at -- --json                    the last line as JSON
 *   npm run test:at -- test/at/values.spec.ts    only these files
 *
 * A server that is missing is skipped with a line on stderr; with CI=true the run fails.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ROOT } from './build.mjs';
import { run } from './command.mjs';
import { countLine, sum } from './counts.mjs';

/** @typedef {import('./counts.mjs').Counts} Counts */
/** @typedef {{ ancestorTitles: string[], status: string }} Test */
/** @typedef {{ assertionResults: Test[], message: string, name: string, status: string }} File */

const REPORT = join(ROOT, '.cache/at-report.json');
const LIMIT_MS = 900_000;
const ENGINES = ['postgres', 'mariadb', 'sqlite'];

/** Servers are told apart by what they call themselves. */
const PRODUCTS = { postgres: 'PostgreSQL', mariadb: 'MariaDB', sqlite: 'SQLite' };

/** What is worth a line while it runs. */
const SHOWN = /^(PASS|FAIL|Servers:| {2}(PostgreSQL|MariaDB|SQLite)\b)|is missing|SKIPPED/;

const { engines, files, json } = readArguments();
rmSync(REPORT, { force: true });
const jest = await run(
  [
    process.execPath,
    join(ROOT, 'node_modules/jest/bin/jest.js'),
    '--json',
    `--outputFile=${REPORT}`,
    ...files,
  ],
  {
    cwd: ROOT,
    env: { DTX_AT_ENGINES: engines.join(',') },
    limitMs: LIMIT_MS,
    onOutput: (text) => show(text),
  },
);
summarise();

function readArguments() {
  try {
    const { positionals, values } = parseArgs({
      options: {
        engine: { type: 'string', multiple: true, default: ENGINES },
        json: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
    const unknown = values.engine.filter((engine) => !ENGINES.includes(engine));
    if (unknown.length > 0) throw new Error(`There is no engine ${unknown.join(', ')}.`);
    return { engines: values.engine, files: positionals, json: values.json };
  } catch (error) {
    const usage = `npm run test:at -- [--engine ${ENGINES.join('|')}] [--json] [FILE…]`;
    process.stderr.write(`${/** @type {Error} */ (error).message}\nUsage: ${usage}\n`);
    process.exit(2);
  }
}

/**
 * Which servers are used or missing, and suites as they end.
 *
 * @param {string} text
 */
function show(text) {
  // Jest's report comes on stdout, in one piece, and is read from its file.
  if (text.startsWith('{"')) return;
  const lines = text.split('\n').filter((line) => SHOWN.test(line));
  for (const line of lines) process.stderr.write(`${line}\n`);
}

function summarise() {
  const files = readReport();
  const failures = files.filter(({ status }) => status !== 'passed');
  for (const { message } of failures) process.stderr.write(`\n${message.trimEnd()}\n`);
  if (!jest.ok && failures.length === 0) process.stderr.write(`\n${jest.output.trimEnd()}\n`);
  const perEngine = engines.map((engine) => ({ engine, servers: countServers(engine, files) }));
  const counts = sum(perEngine.flatMap(({ servers }) => servers));
  // A file that cannot be loaded has no tests, and a server that does not start fails them all.
  if (!jest.ok && counts.failed === 0) counts.failed = 1;
  for (const { servers } of perEngine) {
    for (const server of servers) say(`${server.server.padEnd(20)}${countLine(server)}`);
  }
  const result = {
    ...counts,
    seconds: Math.round(jest.seconds),
    engines: Object.fromEntries(
      perEngine.map(({ engine, servers }) => [
        engine,
        { ...sum(servers), servers: servers.map(({ server }) => server) },
      ]),
    ),
  };
  say(json ? JSON.stringify(result) : countLine(counts));
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

/**
 * @param {string} engine
 * @param {readonly File[]} files
 */
function countServers(engine, files) {
  /** @type {Map<string, Counts>} */
  const servers = new Map();
  for (const { ancestorTitles, status } of files.flatMap((file) => file.assertionResults)) {
    const server = ancestorTitles[0] ?? '';
    if (!server.startsWith(PRODUCTS[/** @type {keyof typeof PRODUCTS} */ (engine)])) continue;
    const counts = servers.get(server) ?? { passed: 0, failed: 0, skipped: 0 };
    servers.set(server, counts);
    if (status === 'passed') counts.passed += 1;
    else if (status === 'failed') counts.failed += 1;
    else counts.skipped += 1;
  }
  return [...servers].map(([server, counts]) => ({ server, ...counts }));
}

/** @returns {File[]} */
function readReport() {
  try {
    return JSON.parse(readFileSync(REPORT, 'utf8')).testResults;
  } catch {
    // Jest has not got as far as its report: what it has said is shown.
    return [];
  }
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}
