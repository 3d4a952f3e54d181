import { DtxError } from 'nestjs-dtx';
import type pg from 'pg';

import type { Local } from './plan.js';

/** What each statement came to: `ok` or an SQLSTATE. Two databases that are equal answer alike. */
export type Outcome = string;

export const OK: Outcome = 'ok';

/** The statements of a local transaction that were really sent, with what they came to. */
export interface Played {
  readonly outcomes: readonly Outcome[];
  /** How many rows each statement wrote or read, as far as one ended well. */
  readonly rowCounts: readonly (number | undefined)[];
  readonly committed: boolean;
}

interface Answer {
  readonly outcome: Outcome;
  readonly rowCount?: number;
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
  const answers: Answer[] = [];
  for (const { sql } of steps) answers.push(await answerOf(pool.query(sql)));
  return played(answers, true);
}

async function playTransaction(pool: pg.Pool, local: Local): Promise<Played> {
  const client = await pool.connect();
  const answers: Answer[] = [];
  try {
    await client.query('BEGIN');
    for (const { savepoint, sql } of local.steps) {
      if (savepoint !== 'none') await client.query('SAVEPOINT s');
      const answer = await answerOf(client.query(sql));
      const { outcome } = answer;
      answers.push(answer);
      if (savepoint === 'none' && outcome !== OK) {
        await client.query('ROLLBACK');
        return played(answers, false);
      }
      if (savepoint === 'undo' || outcome !== OK) await client.query('ROLLBACK TO SAVEPOINT s');
      if (savepoint !== 'none') await client.query('RELEASE SAVEPOINT s');
    }
    const end = await answerOf(client.query(local.commits ? 'COMMIT' : 'ROLLBACK'));
    return played([...answers, end], local.commits && end.outcome === OK);
  } catch (error) {
    // The connection may be gone, and then so is the transaction.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

const played = (answers: readonly Answer[], committed: boolean): Played => ({
  outcomes: answers.map(({ outcome }) => outcome),
  rowCounts: answers.map(({ rowCount }) => rowCount),
  committed,
});

async function answerOf(work: Promise<pg.QueryResult>): Promise<Answer> {
  try {
    const { rowCount } = await work;
    return { outcome: OK, rowCount: rowCount ?? 0 };
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (error instanceof DtxError || typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) {
      throw error;
    }
    return { outcome: code };
  }
}
