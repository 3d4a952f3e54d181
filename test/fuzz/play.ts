import { DtxError } from 'nestjs-dtx';
import type pg from 'pg';

import type { Local } from './plan.js';

/** What each statement came to: `ok` or an SQLSTATE. Two databases that are equal answer alike. */
export type Outcome = string;

export const OK: Outcome = 'ok';

/** The statements of a local transaction that were really sent, with what they came to. */
export interface Played {
  readonly outcomes: readonly Outcome[];
  readonly committed: boolean;
}

/**
 * Runs a local transaction as an application does: a statement that fails takes everything back to
 * its savepoint, or else ends the transaction.
 *
 * @throws DtxError what AT mode refuses
 */
export async function playLocal(pool: pg.Pool, local: Local): Promise<Played> {
  return local.isAutocommit ? playAutocommit(pool, local) : playTransaction(pool, local);
}

async function playAutocommit(pool: pg.Pool, { steps }: Local): Promise<Played> {
  const outcomes: Outcome[] = [];
  for (const { sql } of steps) outcomes.push(await outcomeOf(pool.query(sql)));
  return { outcomes, committed: true };
}

async function playTransaction(pool: pg.Pool, local: Local): Promise<Played> {
  const client = await pool.connect();
  const outcomes: Outcome[] = [];
  try {
    await client.query('BEGIN');
    for (const { savepoint, sql } of local.steps) {
      if (savepoint !== 'none') await client.query('SAVEPOINT s');
      const outcome = await outcomeOf(client.query(sql));
      outcomes.push(outcome);
      if (savepoint === 'none' && outcome !== OK) {
        await client.query('ROLLBACK');
        return { outcomes, committed: false };
      }
      if (savepoint === 'undo' || outcome !== OK) await client.query('ROLLBACK TO SAVEPOINT s');
      if (savepoint !== 'none') await client.query('RELEASE SAVEPOINT s');
    }
    const end = await outcomeOf(client.query(local.commits ? 'COMMIT' : 'ROLLBACK'));
    outcomes.push(end);
    return { outcomes, committed: local.commits && end === OK };
  } catch (error) {
    // The connection may be gone, and then so is the transaction.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

async function outcomeOf(work: Promise<unknown>): Promise<Outcome> {
  try {
    await work;
    return OK;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (error instanceof DtxError || typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) {
      throw error;
    }
    return code;
  }
}
