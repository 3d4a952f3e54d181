import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { LIB_DEFAULT, ROOT } from './product.js';

/** A mistake in a copy of the compiled library. The product itself has no switches for mistakes. */
interface PlantedBug {
  readonly file: string;
  /** Stands there exactly once, or the bug is not planted. */
  readonly find: string;
  readonly replace: string;
}

const BUGS: Readonly<Record<string, PlantedBug>> = {
  'commit-unregistered': {
    file: 'resource/at/connection-branch.js',
    find: 'await work.beforeCommit(this.#hasWritten);',
    replace: '',
  },
  'late-sync': {
    file: 'coordinator/store/sqlite/sqlite-session.store.js',
    find: 'const counts = this.#write(steps);',
    replace:
      'const counts = steps.map(() => 1); setTimeout(() => this.#write(steps), 50); ' +
      'await new Promise((resolve) => setTimeout(resolve, 10));',
  },
  'ended-early': {
    file: 'resource/at/at-resource.js',
    find: 'return this.#freed(targets, await this.engine.rollbackBranches(targets));',
    replace:
      'setTimeout(() => void this.engine.rollbackBranches(targets), 300); ' +
      "return targets.map(() => ({ kind: 'done' }));",
  },
};

/**
 * Copies the library with the mistake in it, for as long as this process lives.
 *
 * @returns the folder of the copy
 * @throws Error when there is no such bug, or nothing to plant it in
 */
export function plant(name: string): string {
  const bug = BUGS[name];
  if (bug === undefined) {
    throw new Error(`There is no bug "${name}", only ${Object.keys(BUGS).join(', ')}.`);
  }
  const lib = join(ROOT, '.build/crash-bugs', `${name}-${String(process.pid)}`);
  mkdirSync(lib, { recursive: true });
  process.on('exit', () => {
    rmSync(lib, { recursive: true, force: true });
  });
  cpSync(LIB_DEFAULT, lib, { recursive: true });
  const path = join(lib, bug.file);
  const parts = readFileSync(path, 'utf8').split(bug.find);
  if (parts.length !== 2) throw new Error(`${bug.file} does not hold once: ${bug.find}`);
  writeFileSync(path, parts.join(bug.replace));
  return lib;
}
