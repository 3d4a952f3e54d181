import type { SqlSession } from '../../at/index.js';
import { errnoOf } from './server-errors.js';

/** How long the server may take to let go of a session. */
const ENDED_WITHIN_SECONDS = 5;
const POLLS = 100;

const NO_SUCH_THREAD = 1094;

/**
 * Ends a session of the server, and returns when it is gone: what it had under way has happened
 * then, or never will. Its id is never used again.
 *
 * @throws when it does not end in time, or may not be ended
 */
export async function endSession(
  session: SqlSession,
  sessionId: string | undefined,
): Promise<void> {
  if (sessionId === undefined || !/^[0-9]+$/.test(sessionId)) {
    throw new Error('the session that had sent PREPARE is not known');
  }
  for (let poll = 0; poll < POLLS; poll += 1) {
    if (await isGone(session, sessionId)) return;
    await session.query('DO SLEEP(?)', [ENDED_WITHIN_SECONDS / POLLS]);
  }
  throw new Error(`session ${sessionId} of the server did not end`);
}

/** A killed session stays in the list until it is taken down. */
async function isGone(session: SqlSession, sessionId: string): Promise<boolean> {
  try {
    await session.query(`KILL CONNECTION ${sessionId}`);
  } catch (error) {
    if (errnoOf(error) === NO_SUCH_THREAD) return true;
    throw error;
  }
  return false;
}
