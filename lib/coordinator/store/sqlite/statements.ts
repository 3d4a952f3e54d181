import { NEVER_MS } from '../../../protocol/index.js';
import { CHANGING_COLUMNS, SESSION_COLUMNS } from '../session-codec.js';
import type { SqliteDatabase, SqliteStatement } from './sqlite-database.interface.js';

const INSERT = `
INSERT INTO session (id, ${SESSION_COLUMNS.join(', ')})
VALUES (?, ${SESSION_COLUMNS.map(() => '?').join(', ')})
ON CONFLICT DO NOTHING`;

/** The number of changed rows says whether what it was decided on still stood. */
const REPLACE = `
UPDATE session SET ${CHANGING_COLUMNS.map((column) => `${column} = ?`).join(', ')}
WHERE id = ? AND version = ? AND epoch = ?`;

const PURGE = `
DELETE FROM session WHERE id IN
  (SELECT id FROM session WHERE ended_at_ms < ? ORDER BY ended_at_ms LIMIT ?)`;

const LAPSED = `
SELECT id FROM session WHERE ended_at_ms IS NULL AND lease_until_ms <= ?
  AND (owner <> ? OR lease_until_ms <= ?)
ORDER BY lease_until_ms LIMIT ?`;

const CLAIM = `
UPDATE session SET owner = ?, epoch = epoch + 1, version = version + 1, lease_until_ms = ?
WHERE id = ?`;

const HAND_OVER = `
UPDATE session SET lease_until_ms = ?
WHERE ended_at_ms IS NULL AND owner = ?
  AND lease_until_ms > ? AND lease_until_ms < ${String(NEVER_MS)}`;

const ENDED_AT_OF_NEWEST = `
SELECT ended_at_ms FROM session WHERE ended_at_ms IS NOT NULL
ORDER BY ended_at_ms DESC LIMIT 1 OFFSET ?`;

const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  insert: INSERT,
  replace: REPLACE,
  purge: PURGE,
  lapsed: LAPSED,
  claim: CLAIM,
  handOver: HAND_OVER,
  endedAtOfNewest: ENDED_AT_OF_NEWEST,
  find: 'SELECT * FROM session WHERE xid = ? AND namespace = ?',
  byId: 'SELECT * FROM session WHERE id = ?',
  lastId: 'SELECT max(id) AS id FROM session',
} as const;

/** Every statement of the store, compiled once. */
export type Statements = Readonly<Record<keyof typeof SQL, SqliteStatement>>;

export function prepareStatements(database: SqliteDatabase): Statements {
  const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared) as Statements;
}
