import type { Rng } from '../simulation/kernel/rng.js';
import type { Writer } from './writer.js';

/** What becomes of a statement that stands behind a savepoint. */
export type Savepoint = 'none' | 'release' | 'undo';

export interface Step {
  readonly sql: string;
  readonly savepoint: Savepoint;
}

/** A local transaction, or statements that each commit by themselves. */
export interface Local {
  readonly isAutocommit: boolean;
  /** Of the session, in SQL. */
  readonly settings: readonly string[];
  readonly steps: readonly Step[];
  readonly commits: boolean;
  /** Whether it goes on behind a statement that has failed, without a savepoint. */
  readonly goesOn: boolean;
}

/** A global transaction, decided before it begins: a seed repeats it. */
export interface Plan {
  readonly locals: readonly Local[];
  readonly commits: boolean;
}

const LOCALS_MAX = 4;
const STATEMENTS_MAX = 6;

export function makePlan(rng: Rng, writer: Writer): Plan {
  const commits = rng.chance(0.5);
  const locals = Array.from({ length: rng.whole(1, LOCALS_MAX) }, () => makeLocal(rng, writer));
  return { locals, commits };
}

function makeLocal(rng: Rng, writer: Writer): Local {
  const isAutocommit = rng.chance(0.25);
  const count = rng.whole(1, isAutocommit ? 2 : STATEMENTS_MAX);
  const steps = Array.from({ length: count }, () => writer.write()).flat();
  const { outlivesFailures, settings } = writer.dialect;
  return {
    isAutocommit,
    settings: settings(rng),
    commits: rng.chance(0.9),
    goesOn: outlivesFailures && rng.chance(0.5),
    steps: steps.map((sql) => ({ sql, savepoint: savepointOf(rng) })),
  };
}

function savepointOf(rng: Rng): Savepoint {
  if (rng.chance(0.5)) return 'none';
  return rng.chance(0.25) ? 'undo' : 'release';
}
