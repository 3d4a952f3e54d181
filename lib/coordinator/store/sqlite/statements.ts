import type { SqliteDatabase, SqliteStatement } from './sqlite-database.interface.js';

/*
 * One statement per kind of command. Each carries the state it expects, so that a stale writer
 * changes no row, and the number of changed rows says whether it held.
 */

const BEGIN_SESSION = `
INSERT INTO session (id, namespace, xid, kind, name, application_id, status, timeout_ms,
  began_at_ms, due_at_ms, owner, epoch)
VALUES (?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING`;

const ADD_BRANCH = `
INSERT INTO branch (branch_id, seq, type, resource_id, application_id, data, status, attempts,
  due_at_ms, session_id)
SELECT ?, ?, ?, ?, ?, ?, 'registered', 0, 0, id
FROM session WHERE id = ? AND epoch = ? AND status = 'active'
ON CONFLICT DO NOTHING`;

const CHANGE_BRANCH = `
UPDATE branch SET status = ?, attempts = ?, due_at_ms = ?, last_error = ?
WHERE session_id = ? AND branch_id = ? AND status = ?
  AND EXISTS (SELECT 1 FROM session WHERE id = session_id AND epoch = ?)`;

const CHANGE_SESSION = `
UPDATE session SET status = ?, reason = ?, rollback_only = ?
WHERE id = ? AND epoch = ? AND status = ?`;

const END_SESSION = `
UPDATE session SET status = ?, reason = ?, ended_at_ms = ?
WHERE id = ? AND epoch = ? AND status = ?`;

const PURGE = `
DELETE FROM session WHERE id IN
  (SELECT id FROM session WHERE ended_at_ms < ? ORDER BY ended_at_ms LIMIT ?)`;

const FIND_SESSION = 'SELECT * FROM session WHERE xid = ? AND namespace = ?';

const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  beginSession: BEGIN_SESSION,
  addBranch: ADD_BRANCH,
  changeBranch: CHANGE_BRANCH,
  changeSession: CHANGE_SESSION,
  endSession: END_SESSION,
  deleteBranches: 'DELETE FROM branch WHERE session_id = ?',
  purge: PURGE,
  claimOpen: 'UPDATE session SET owner = ?, epoch = ? WHERE ended_at_ms IS NULL',
  findSession: FIND_SESSION,
  openSessions: 'SELECT * FROM session WHERE ended_at_ms IS NULL',
  branchesOf: 'SELECT * FROM branch WHERE session_id = ? ORDER BY seq',
  lastId: 'SELECT max(id) AS id FROM session',
} as const;

/** Every statement of the store, compiled once. */
export type Statements = Readonly<Record<keyof typeof SQL, SqliteStatement>>;

export function prepareStatements(database: SqliteDatabase): Statements {
  const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared) as Statements;
}
