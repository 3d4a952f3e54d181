// @ts-check
/**
 * Packs the package and starts it in real applications, {Nest 11, Nest 12} x {CommonJS, ESM}:
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
import { expectReport } from './expectations.mjs';
import { compile, FORMATS, install, linkSqlite, must, unpack } from './fixture.mjs';
import { nodeProgram } from './node-versions.mjs';

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

// Side by side: most of the time goes to compilers, which use one core each.
await Promise.all(readdirSync(join(HERE, 'fixtures')).map(checkFixture));
process.stdout.write(`${options.json ? JSON.stringify(counts) : countLine(counts)}\n`);
process.exitCode = counts.failed === 0 ? 0 : 1;

/** @param {string} fixture */
async function checkFixture(fixture) {
  const target = join(CACHE, fixture);
  const ready = await check(`${fixture} is installed`, async () => {
    await install(join(HERE, 'fixtures', fixture), target);
    await unpack(tarball, target);
    linkSqlite(ROOT, target);
  });
  if (!ready) return;
  for (const type of FORMATS) {
    let program = '';
    const compiles = await check(`${fixture}, ${type}: compiles`, async () => {
      program = await compile(join(HERE, 'app'), target, type);
    });
    if (!compiles) continue;
    for (const major of options.node.split(',')) {
      const title = `${fixture}, ${type}, Node ${major}: runs`;
      if (lacksSqlite(major)) skip(title);
      else await check(title, () => start(fixture, program, major));
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
 * @param {string} fixture
 * @param {string} program
 * @param {string} major
 */
async function start(fixture, program, major) {
  const node = await nodeProgram(major, CACHE);
  const folder = mkdtempSync(join(tmpdir(), 'dtx-consume-'));
  try {
    const outcome = await run([node, program, join(folder, 'coordinator.db')], {
      cwd: dirname(program),
      limitMs: START_LIMIT_MS,
    });
    must(outcome, 'The application');
    expectReport(JSON.parse(outcome.stdout.trim().split('\n').at(-1) ?? ''), fixture);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
