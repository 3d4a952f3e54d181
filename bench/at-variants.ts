import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { LockConflictError } from 'nestjs-dtx';

import type { AtBenchEngine, RowRange } from './at-engines/index.js';
import type { AtBenchOptions } from './at-options.js';
import type { Variant } from './support/block.js';

export type AtVariant = 'autocommit' | 'plain' | 'idle' | 'capture' | 'at';

/** What has happened beside the operations that count. */
export interface Incidents {
  /** Global transactions that failed with a lock conflict, and were begun again. */
  lockConflicts: number;
  /** Of any other kind. */
  failures: number;
  firstFailure: unknown;
}

/** How often the undo table is looked at when a block ends: not so often that the look costs. */
const LOOK_EVERY_MS = 2;

/** The kinds of work that are compared; `capture` is missing where the engine has none. */
export function atVariants(
  engine: AtBenchEngine,
  options: AtBenchOptions,
  incidents: Incidents,
): Readonly<Record<AtVariant, Variant>> {
  const { captureAlone } = engine;
  const rows = rowChooser(options);
  const nextRows = rowsWithoutRepetition(options);
  const variants: Partial<Record<AtVariant, Variant>> = {
    autocommit: { name: 'autocommit', run: () => engine.autocommit(rows()) },
    plain: { name: 'plain', run: () => engine.plain(rows()) },
    idle: { name: 'idle', run: () => engine.captured(rows()) },
    ...(captureAlone !== undefined && {
      capture: {
        name: 'capture',
        // A fast machine would come round to rows of the same block.
        operationsMax: groupsOf(options),
        run: () => captureAlone(nextRows()),
        // Nobody ends these branches, so their rows would stay locked.
        reset: () => engine.clearUndo(),
      },
    }),
    at: {
      name: 'at',
      run: () => untilCommitted(engine, rows(), incidents),
      // Fences of branches that nobody rolled back are gone with the undo rows.
      settle: async () => {
        while (!(await engine.isUndoEmpty())) await sleep(LOOK_EVERY_MS);
      },
    },
  };
  return variants as Record<AtVariant, Variant>;
}

/** Only what is committed counts, so whoever meets a conflict begins again. */
async function untilCommitted(
  engine: AtBenchEngine,
  rows: RowRange,
  incidents: Incidents,
): Promise<void> {
  for (;;) {
    try {
      await engine.manager.run({ name: 'bench' }, () => engine.captured(rows));
      return;
    } catch (error) {
      if (error instanceof LockConflictError) {
        incidents.lockConflicts += 1;
        continue;
      }
      incidents.failures += 1;
      incidents.firstFailure ??= error;
      return;
    }
  }
}

/** Random rows, of the whole table or of its first few; ranges that do not overlap in part. */
function rowChooser(options: AtBenchOptions): () => RowRange {
  const { hotRows, rows } = options;
  const groups = hotRows > 0 ? hotRows : groupsOf(options);
  return () => ({ first: randomInt(0, groups) * rows + 1, count: rows });
}

/** Its undo rows are locks that nobody releases within a block, so no row may come twice. */
function rowsWithoutRepetition(options: AtBenchOptions): () => RowRange {
  const { rows } = options;
  const groups = groupsOf(options);
  const start = randomInt(0, groups);
  const stride = 7_919; // a prime, so that the walk visits every group before it comes round
  let step = 0;
  return () => {
    step += 1;
    return { first: ((start + step * stride) % groups) * rows + 1, count: rows };
  };
}

const groupsOf = ({ rows, tableRows }: AtBenchOptions): number => Math.floor(tableRows / rows);
