import type { Session } from '../../core/index.js';
import { readableSessions } from '../session-codec.js';
import type { SessionQuery } from '../session-store.interface.js';
import type { SqliteDatabase } from './sqlite-database.interface.js';

const MEANT: Readonly<Record<SessionQuery['which'], string>> = {
  open: 'ended_at_ms IS NULL AND (? IS NULL OR namespace = ?) ORDER BY began_at_ms, id',
  ended:
    'ended_at_ms IS NOT NULL AND (? IS NULL OR namespace = ?) ORDER BY ended_at_ms DESC, id DESC',
  attention:
    'attention_count > 0 AND ended_at_ms IS NULL AND (? IS NULL OR namespace = ?) ' +
    'ORDER BY began_at_ms, id',
};

/** The sessions that a person asks for. */
export function listSessions(
  database: SqliteDatabase,
  { countMax, namespace, which }: SessionQuery,
): readonly Session[] {
  const statement = database.prepare(`SELECT * FROM session WHERE ${MEANT[which]} LIMIT ?`);
  return readableSessions(statement.all(namespace ?? null, namespace ?? null, countMax));
}
