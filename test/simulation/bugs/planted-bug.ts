import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Guards } from '../actors/ledger.js';
import type { CheckerName } from '../checks/index.js';
import { RIGHT_LIB, ROOT } from '../runs/product.js';

/** One change of the compiled library. */
export interface Patch {
  /** Below the folder of the library. */
  readonly file: string;
  /** Stands there exactly once, or the bug is not planted. */
  readonly find: string;
  readonly replace: string;
}

/** A mistake that the simulation has to find. */
export interface PlantedBug {
  readonly name: string;
  readonly what: string;
  /** Who has to see it; whatever else is seen on the way does not count. */
  readonly seenBy: readonly CheckerName[];
  /** In the product. */
  readonly patches?: readonly Patch[];
  /** In a participant: a guard that is missing. */
  readonly guards?: Partial<Guards>;
}

/** What a coordinator is made of. */
const FOLDERS = ['coordinator', 'protocol', 'system'];

/**
 * Copies the compiled library, makes the mistake in the copy, and returns its folder. The product
 * itself has no switches for mistakes.
 *
 * @throws Error when the text to be replaced is not there exactly once
 */
export function plant({ name, patches = [] }: PlantedBug): string {
  if (patches.length === 0) return RIGHT_LIB;
  const lib = join(ROOT, '.build/bugs', `${name}-${process.pid}`);
  mkdirSync(dirname(lib), { recursive: true });
  for (const folder of FOLDERS) {
    cpSync(join(RIGHT_LIB, folder), join(lib, folder), { recursive: true });
  }
  process.on('exit', () => {
    rmSync(lib, { recursive: true, force: true });
  });
  for (const patch of patches) apply(lib, patch);
  return lib;
}

function apply(lib: string, { file, find, replace }: Patch): void {
  const path = join(lib, file);
  const parts = readFileSync(path, 'utf8').split(find);
  if (parts.length !== 2) {
    throw new Error(`${file} holds ${parts.length - 1} times what the bug replaces: ${find}`);
  }
  writeFileSync(path, parts.join(replace));
}
