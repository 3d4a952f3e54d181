import { randomInt } from 'node:crypto';

import type pg from 'pg';

import { ROWS } from './databases.js';
import { UPDATE_APART } from './local-transaction.js';
import type { Timed } from './paired-cost.js';

/** The same branch over the driver itself, prepared and committed, against committed at once. */
export function xaCost(client: pg.PoolClient): { readonly with: Timed; readonly without: Timed } {
  let count = 0;
  const timed = async (end: () => Promise<void>): Promise<number> => {
    const startMs = performance.now();
    await client.query('BEGIN');
    await client.query(UPDATE_APART, [randomInt(1, ROWS + 1)]);
    await end();
    return performance.now() - startMs;
  };
  return {
    with: () =>
      timed(async () => {
        count += 1;
        const name = `'bench-${String(count)}'`;
        await client.query(`PREPARE TRANSACTION ${name}`);
        await client.query(`COMMIT PREPARED ${name}`);
      }),
    without: () =>
      timed(async () => {
        await client.query('COMMIT');
      }),
  };
}
