// @ts-check
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { run } from '../../scripts/command.mjs';

/** The formats of an application, by the `type` of its package.json. */
export const FORMATS = /** @type {const} */ (['commonjs', 'module']);

/** What the applications consist of, below the folder of all tests. */
const SOURCES = ['consume/app', 'consume/propagation', 'conformance/propagation'];

const NPM_CI = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];

/**
 * Installs what an application has beside us. `npm ci` takes a while, so its result is kept until
 * the lock file changes.
 *
 * @param {string} source the folder with package.json and package-lock.json
 * @param {string} target
 */
export async function install(source, target) {
  const files = ['package.json', 'package-lock.json'];
  const texts = files.map((name) => readFileSync(join(source, name), 'utf8'));
  const wanted = createHash('sha256').update(texts.join('\n')).digest('hex');
  const stamp = join(target, 'installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const name of files) cpSync(join(source, name), join(target, name));
  must(await run(NPM_CI, { cwd: target }), `npm ci in ${target}`);
  // Last: an interrupted installation has no stamp and starts anew.
  writeFileSync(stamp, wanted);
}

/**
 * Puts the packed package where npm would. It has no dependencies of its own, so unpacking is all
 * that npm would do; npm itself would also look at the lock file and take what does not stand there
 * for superfluous.
 *
 * @param {string} tarball
 * @param {string} target
 */
export async function unpack(tarball, target) {
  const folder = join(target, 'node_modules/nestjs-dtx');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  must(await run(['tar', '-xzf', tarball, '-C', folder, '--strip-components=1']), 'tar');
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (Object.keys(manifest.dependencies ?? {}).length > 0) {
    throw new Error('The package has dependencies now: let npm install it into the fixtures.');
  }
}

/**
 * The embedded coordinator needs better-sqlite3 where Node has no SQLite of its own (Node 20). It
 * is compiled for one version of Node, which takes a minute, and the checkout holds it already: so
 * the applications share that one. A link in node_modules is found like an installed package, and
 * its own dependencies are found from where it really is.
 *
 * @param {string} checkout
 * @param {string} target
 */
export function linkSqlite(checkout, target) {
  const ours = join(checkout, 'node_modules/better-sqlite3');
  const link = join(target, 'node_modules/better-sqlite3');
  rmSync(link, { recursive: true, force: true });
  if (existsSync(ours)) symlinkSync(ours, link, 'junction');
}

/**
 * Type-checks and compiles the applications, with the compiler that the fixture has installed.
 *
 * @param {string} tests the folder below which they and what they import lie
 * @param {string} target
 * @param {typeof FORMATS[number]} type
 * @returns {Promise<{ app: string, propagation: string }>} the programs
 */
export async function compile(tests, target, type) {
  const folder = join(target, type);
  rmSync(folder, { recursive: true, force: true });
  for (const source of ['consume/tsconfig.json', ...SOURCES]) {
    cpSync(join(tests, source), join(folder, source), { recursive: true });
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true, type })}\n`);
  const tsc = join(target, 'node_modules/typescript/bin/tsc');
  must(await run([process.execPath, tsc, '-p', join(folder, 'consume')]), 'The compiler');
  const programOf = (/** @type {string} */ name) =>
    join(folder, 'consume/dist/consume', name, 'main.js');
  return { app: programOf('app'), propagation: programOf('propagation') };
}

/**
 * @param {import('../../scripts/command.mjs').Outcome} outcome
 * @param {string} what
 */
export function must({ ok, output }, what) {
  if (!ok) throw new Error(`${what} failed:\n${output}`);
}
