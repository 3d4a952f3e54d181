// @ts-check
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../../scripts/command.mjs';

/** The npm package `node` brings the program of that version. */
const VERSIONS = new Map([
  ['20', '20.20.2'],
  ['22', '22.23.3'],
  ['24', '24.21.0'],
]);

/**
 * Several applications ask for the same one at the same time.
 *
 * @type {Map<string, Promise<string>>}
 */
const programs = new Map();

/**
 * @param {string} major
 * @param {string} cache
 * @returns {Promise<string>} the path of the program
 */
export function nodeProgram(major, cache) {
  if (process.versions.node.startsWith(`${major}.`)) return Promise.resolve(process.execPath);
  const program = programs.get(major) ?? installNode(major, cache);
  programs.set(major, program);
  return program;
}

/**
 * @param {string} major
 * @param {string} cache
 */
async function installNode(major, cache) {
  const version = VERSIONS.get(major);
  if (version === undefined) {
    throw new Error(`Node ${major} is not tested; choose from ${[...VERSIONS.keys()].join(', ')}.`);
  }
  const folder = join(cache, `node-${version}`);
  const program = join(folder, 'node_modules/node/bin/node');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    const { ok, output } = await run(
      ['npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', `node@${version}`],
      { cwd: folder },
    );
    if (!ok) throw new Error(`Node ${version} could not be installed:\n${output}`);
  }
  return program;
}
