import type { SqlSession } from '../../at-engine.interface.js';
import { inTransaction, sqlStateOf } from '../session.js';

/** How often a step is tried whose locks others hold. */
export const LOCK_ATTEMPTS = 5;

/** Processes that start together take turns, step by step. The number spells "dtx". */
const TURN = 'SELECT pg_catalog.pg_advisory_xact_lock(6583416, 1)';
const TURN_TIMEOUT = "lock_timeout = '8s'";

/** While a trigger waits for its lock, everybody who wants to write to the table waits too. */
const TABLE_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '1s'";
const PAUSE = 'SELECT pg_catalog.pg_sleep(0.3)';

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Runs the statements in a transaction of their own, in turn with other processes that do the same.
 *
 * @param statements asked for when it is our turn, since another process may have done the work
 * @returns false when others held the locks at each attempt
 */
export async function runInTurn(
  session: SqlSession,
  statements: () => Promise<readonly string[]>,
): Promise<boolean> {
  for (let attempt = 1; attempt <= LOCK_ATTEMPTS; attempt += 1) {
    if (attempt > 1) await session.query(PAUSE);
    try {
      await inTransaction(session, [TURN_TIMEOUT], async () => {
        await session.query(TURN);
        await session.query(TABLE_LOCK_TIMEOUT);
        for (const statement of await statements()) await session.query(statement);
      });
      return true;
    } catch (error) {
      if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
    }
  }
  return false;
}
