import type { SessionWrite } from '../merge-changes.js';
import type { StoreAnswer } from '../session-store.interface.js';
import type { SqlDatabase, TroubleKind } from './sql-database.interface.js';
import type { SqlEngine } from './sql-engine.interface.js';

export type Trouble = Extract<StoreAnswer, { kind: 'failed' | 'unknown' }>;

/** What became of one write. */
export type Written = 'held' | 'stale' | Trouble;

/**
 * Writes all at once; if the server refuses that for the sake of one, each by itself, so that the
 * others get through.
 *
 * @returns what became of each, in their order. Never rejects.
 */
export async function writeEach(
  engine: SqlEngine,
  database: SqlDatabase,
  writes: readonly SessionWrite[],
): Promise<readonly Written[]> {
  const write = async (some: readonly SessionWrite[]): Promise<readonly Written[]> => {
    const held = await engine.write(database, some);
    return held.map((isHeld) => (isHeld ? 'held' : 'stale'));
  };
  if (writes.length === 0) return [];
  try {
    return await write(writes);
  } catch (error) {
    if (kindOf(error) !== 'refused' || writes.length === 1) {
      return writes.map(() => troubleOf(error));
    }
  }
  const written: Written[] = [];
  for (const single of writes) {
    try {
      written.push(...(await write([single])));
    } catch (error) {
      written.push(troubleOf(error));
      if (kindOf(error) === 'refused') continue;
      // The next ones would wait for the same time-out one after the other. They were never sent.
      const unsent = writes.slice(written.length);
      return [...written, ...unsent.map((): Trouble => ({ kind: 'failed', error }))];
    }
  }
  return written;
}

export function troubleOf(error: unknown): Trouble {
  return { kind: kindOf(error) === 'unknown' ? 'unknown' : 'failed', error };
}

/** Of an error that no adapter has made nothing is known. */
function kindOf(error: unknown): TroubleKind {
  if (typeof error !== 'object' || error === null || !('kind' in error)) return 'unknown';
  return error.kind === 'refused' || error.kind === 'unavailable' ? error.kind : 'unknown';
}
