import type { SqlSession } from '../../at/index.js';

/** How long the server may take to let go of a session. */
const ENDED_WITHIN_SECONDS = 5;

const POLLS = 50;

/**
 * Ends a session of the server, and returns when it is gone: what it had under way has happened
 * then, or never will.
 *
 * @param sessionId its process id
 * @throws when it does not end in time, or may not be ended
 */
export async function endSession(
  session: SqlSession,
  sessionId: string | undefined,
): Promise<void> {
  if (sessionId === undefined) throw new Error('the session that had sent PREPARE is not known');
  await session.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE pid = $1::int AND datname = current_database() AND usename = current_user`,
    [sessionId],
  );
  for (let poll = 0; poll < POLLS; poll += 1) {
    // One round trip each, and the server does the waiting.
    const { rows } = await session.query(
      `SELECT 1 AS alive FROM pg_stat_activity
        WHERE pid = $1::int AND datname = current_database()`,
      [sessionId],
    );
    if (rows.length === 0) return;
    await session.query('SELECT pg_sleep($1)', [ENDED_WITHIN_SECONDS / POLLS]);
  }
  throw new Error(`session ${sessionId} of the server did not end`);
}
