import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PLANTED_BUGS } from './planted-bugs.js';
import { LIB_DEFAULT, ROOT } from './product.js';

/**
 * Copies the library with the mistake in it, for as long as this process lives.
 *
 * @returns the folder of the copy
 * @throws Error when there is no such bug, or nothing to plant it in
 */
export function plant(name: string): string {
  const edits = PLANTED_BUGS[name];
  if (edits === undefined) {
    throw new Error(`There is no bug "${name}", only ${Object.keys(PLANTED_BUGS).join(', ')}.`);
  }
  const lib = join(ROOT, '.build/crash-bugs', `${name}-${String(process.pid)}`);
  mkdirSync(lib, { recursive: true });
  process.on('exit', () => {
    rmSync(lib, { recursive: true, force: true });
  });
  cpSync(LIB_DEFAULT, lib, { recursive: true });
  for (const { file, find, replace } of edits) {
    const path = join(lib, file);
    const parts = readFileSync(path, 'utf8').split(find);
    if (parts.length !== 2) throw new Error(`${file} does not hold once: ${find}`);
    writeFileSync(path, parts.join(replace));
  }
  return lib;
}
