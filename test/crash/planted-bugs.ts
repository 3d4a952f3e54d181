/** A part of a mistake. */
interface Edit {
  readonly file: string;
  /** Stands there exactly once, or the bug is not planted. */
  readonly find: string;
  readonly replace: string;
}

/**
 * Mistakes in a copy of the compiled library, which the checks have to see. The product itself has
 * no switches for mistakes.
 */
export const PLANTED_BUGS: Readonly<Record<string, readonly Edit[]>> = {
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
        "setTimeout(() => targets.forEach((one) => void this.#endOnce('confirm', one)), 300); " +
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
