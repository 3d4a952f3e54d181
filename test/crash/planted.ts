import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { LIB_DEFAULT, ROOT } from './product.js';

/** A mistake in a copy of the compiled library. The product itself has no switches for mistakes. */
interface Edit {
  readonly file: string;
  /** Stands there exactly once, or the bug is not planted. */
  readonly find: string;
  readonly replace: string;
}

const BUGS: Readonly<Record<string, readonly Edit[]>> = {
  'commit-unregistered': [
    {
      file: 'resource/at/connection-branch.js',
      find: 'await work.beforeCommit(this.#hasWritten, this.#own);',
      replace: '',
    },
  ],
  'late-sync': [
    {
      file: 'coordinator/store/sqlite/sqlite-session.store.js',
      find: 'const counts = this.#write(steps);',
      replace:
        'const counts = steps.map(() => 1); setTimeout(() => this.#write(steps), 50); ' +
        'await new Promise((resolve) => setTimeout(resolve, 10));',
    },
  ],
  'ended-early': [
    {
      file: 'resource/at/at-resource.js',
      find: 'return this.#freed(targets, await this.engine.rollbackBranches(targets));',
      replace:
        'setTimeout(() => void this.engine.rollbackBranches(targets), 300); ' +
        "return targets.map(() => ({ kind: 'done' }));",
    },
  ],
  'no-fence': [
    {
      file: 'resource/tcc/fenced-work.js',
      find: 'if (changed === 1)',
      replace: 'if (changed >= 0)',
    },
  ],
  'fence-apart': [
    {
      file: 'resource/tcc/fenced-work.js',
      find: 'const changed = await own(text);',
      replace: 'const changed = await this.#guard.fences.carryOut(text);',
    },
  ],
  'cancel-twice': [
    {
      file: 'resource/tcc/tcc-resource.js',
      find: 'const found = row === undefined ? undefined : FOUND[ending][row.state];',
      replace: "const found = ending === 'confirm' ? FOUND.confirm[row.state] : undefined;",
    },
    {
      file: 'resource/tcc/sql-tcc-fences.js',
      find: 'AND state = ${String(TCC_FENCE.tried)}',
      replace: '',
    },
  ],
  'confirm-lost': [
    {
      file: 'resource/tcc/tcc-resource.js',
      find: "return Promise.all(targets.map((target) => this.#endOnce('confirm', target)));",
      replace:
        "setTimeout(() => targets.forEach((target) => void this.#endOnce('confirm', target)), 300); " +
        'return Promise.resolve(targets.map(() => DONE));',
    },
  ],
  'try-unregistered': [
    {
      file: 'resource/tcc/tcc-resource.js',
      find: 'await host.client.registerBranch({',
      replace: 'void host.client.registerBranch({',
    },
  ],
};

/**
 * Copies the library with the mistake in it, for as long as this process lives.
 *
 * @returns the folder of the copy
 * @throws Error when there is no such bug, or nothing to plant it in
 */
export function plant(name: string): string {
  const edits = BUGS[name];
  if (edits === undefined) {
    throw new Error(`There is no bug "${name}", only ${Object.keys(BUGS).join(', ')}.`);
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
