import { setTimeout as sleep } from 'node:timers/promises';

import { type Databases, perService } from './databases.js';

const WAIT_MS_MAX = 30_000;
const POLL_MS = 50;

/**
 * Waits until no database holds an undo row. As long as there is one, a global transaction is
 * undecided, or is being committed or rolled back.
 *
 * @returns how many are left when the time is up; 0 means that all is settled
 */
export async function awaitSettled(
  pools: Databases['pools'],
  waitMsMax = WAIT_MS_MAX,
): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const rows = await countUndoRows(pools);
    if (rows === 0 || waitedMs >= waitMsMax) return rows;
    await sleep(POLL_MS);
  }
}

async function countUndoRows(pools: Databases['pools']): Promise<number> {
  const counts = await perService(async (name) => {
    const result = await pools[name].query<{ n: number }>(
      'SELECT count(*)::int AS n FROM dtx.undo_row',
    );
    return result.rows[0]?.n ?? 0;
  });
  return counts.orders + counts.stock + counts.accounts;
}
