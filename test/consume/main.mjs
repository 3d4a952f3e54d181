// @ts-check
/**
 * Packs the package and starts it in real applications, {Nest 11, Nest 12} x {CommonJS, ESM}: one
 * as a user has it, and one that holds every carrier of the xid to the conformance suite.
 *
 *   node test/consume/main.mjs [--node 20,22,24] [--json]
 *
 * Without `--node`: on the Node that runs this. Folders and other versions of Node are kept in
 * .cache/consume.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { countLine } from '../../scripts/counts.mjs';
import { buildOrExit, ROOT } from '../../scripts/build.mjs';
import { run } from '../../scripts/command.mjs';
import { pack } from '../../scripts/pack.mjs';
import { expectHeld, expectReport } from './expectations.mjs';
import { compile, FORMATS, install, linkSqlite, must, unpack } from './fixture.mjs';
import { nodeProgram } from './node-versions.mjs';
import { withRedis } from './redis.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const CACHE = join(ROOT, '.cache/consume');
const START_LIMIT_MS = 60_000;

const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: /** @type {string} */ (process.versions.node.split('.')[0]) },
    json: { type: 'boolean', default: false },
  },
});
const counts = { passed: 0, failed: 0, skipped: 0 };

mkdirSync(CACHE, { recursive: true });
buildOrExit('package');
const tarball = await pack(CACHE);

await withRedis(async (redisUrl) => {
  // Side by side: most of the time goes to compilers, which use one core each.
  const fixtures = readdirSync(join(HERE, 'fixtures'));
  await Promise.all(fixtures.map((fixture) => checkFixture(fixture, redisUrl)));
});
process.stdout.write(`${options.json ? JSON.stringify(counts) : countLine(counts)}\n`);
process.exitCode = counts.failed === 0 ? 0 : 1;

/**
 * @param {string} fixture
 * @param {string | undefined} redisUrl
 */
async function checkFixture(fixture, redisUrl) {
  const target = join(CACHE, fixture);
  const ready = await check(`${fixture} is installed`, async () => {
    await install(join(HERE, 'fixtures', fixture), target);
    await unpack(tarball, target);
    linkSqlite(ROOT, target);
  });
  if (!ready) return;
  for (const type of FORMATS) {
    let programs = { app: '', propagation: '' };
    const compiles = await check(`${fixture}, ${type}: compiles`, async () => {
      programs = await compile(join(HERE, '..'), target, type);
    });
    if (!compiles) continue;
    for (const major of options.node.split(',')) {
      const title = `${fixture}, ${type}, Node ${major}`;
      if (lacksSqlite(major)) {
        skip(title);
        continue;
      }
      await check(`${title}: runs`, async () => {
        expectReport(await start(programs.app, major), fixture);
      });
      await check(`${title}: the xid travels by every carrier`, async () => {
        expectHeld(await start(programs.propagation, major, redisUrl), redisUrl !== undefined);
      });
    }
  }
}

/**
 * Node 20 needs better-sqlite3, and the one of the checkout is compiled for the Node that runs
 * this.
 *
 * @param {string} major
 */
function lacksSqlite(major) {
  return major === '20' && !process.versions.node.startsWith('20.');
}

/** @param {string} title */
function skip(title) {
  counts.skipped += 1;
  process.stdout.write(`skipped ${title} (its better-sqlite3 comes with npm ci on Node 20)\n`);
}

/**
 * @param {string} title
 * @param {() => Promise<void>} body
 */
async function check(title, body) {
  const startedAt = performance.now();
  let failure = '';
  try {
    await body();
    counts.passed += 1;
  } catch (error) {
    counts.failed += 1;
    failure = `\n${error instanceof Error ? error.message : String(error)}`;
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(
    `${failure === '' ? 'ok    ' : 'FAILED'} ${title} (${seconds} s)${failure}\n`,
  );
  return failure === '';
}

/**
 * Starts a program with a folder of its own.
 *
 * @param {string} program
 * @param {string} major
 * @param {string} [argument]
 * @returns {Promise<any>} what it has printed last
 */
async function start(program, major, argument) {
  const node = await nodeProgram(major, CACHE);
  const folder = mkdtempSync(join(tmpdir(), 'dtx-consume-'));
  try {
    const command = [node, program, folder, ...(argument === undefined ? [] : [argument])];
    const outcome = await run(command, { cwd: dirname(program), limitMs: START_LIMIT_MS });
    must(outcome, 'The application');
    return JSON.parse(outcome.stdout.trim().split('\n').at(-1) ?? '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
