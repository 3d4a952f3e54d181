// @ts-check
import { join } from 'node:path';

import { ROOT } from './build.mjs';
import { run } from './command.mjs';

/**
 * Packs what is built as npm would publish it.
 *
 * @param {string} folder
 * @returns {Promise<string>} the path of the tarball
 */
export async function pack(folder) {
  const command = ['npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { ok, stdout, output } = await run(command, { cwd: ROOT });
  if (!ok) throw new Error(`npm pack failed:\n${output}`);
  const packed = JSON.parse(stdout);
  return join(folder, Object.values(packed)[0].filename);
}
