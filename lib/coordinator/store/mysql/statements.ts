import { NEVER_MS } from '../../../protocol/index.js';
import type { SessionColumn } from '../session-codec.js';
import { CHANGING_COLUMNS, SESSION_COLUMNS } from '../session-codec.js';
import { SESSION_TABLE, WAIT_TABLE } from './tables.js';

/*
 * Constant texts for MySQL 8.0 and MariaDB 10.6, and later ones. Many rows travel as one parameter,
 * a JSON list of lists, which JSON_TABLE turns into rows. Its text columns are as long as can be:
 * MariaDB cuts a value off that does not fit there, while the column of the table refuses it.
 *
 * Lock order: rows of a statement over several sessions are locked one by one in the order of the
 * list, which every caller sorts alike (STRAIGHT_JOIN keeps the list in front). The index is named
 * because a new table has no statistics, and a scan of it would lock every row.
 */

const NUMBERS: ReadonlySet<string> = new Set<SessionColumn | 'before_version' | 'before_epoch'>([
  'timeout_ms',
  'began_at_ms',
  'decided_at_ms',
  'ended_at_ms',
  'due_at_ms',
  'epoch',
  'lease_until_ms',
  'version',
  'attention_count',
  'before_version',
  'before_epoch',
]);

/** The order of the values in each list of an UPDATE. */
export const UPDATE_COLUMNS = [
  'xid',
  'namespace',
  'before_version',
  'before_epoch',
  ...CHANGING_COLUMNS,
] as const;

const list = (columns: readonly string[]): string => columns.join(', ');
const of = (alias: string, columns: readonly string[]): string =>
  list(columns.map((column) => `${alias}.${column}`));

/** Columns of the table as they are read: the namespace is kept as bytes. */
const read = (columns: readonly string[]): string => of('s', columns).replace(...NAMESPACE_AS_TEXT);
const NAMESPACE_AS_TEXT = [
  's.namespace',
  'CONVERT(s.namespace USING utf8mb4) AS namespace',
] as const;

function jsonTable(columns: readonly string[], alias: string): string {
  const paths = columns.map((column, place) => {
    const type = NUMBERS.has(column) ? 'BIGINT' : 'LONGTEXT';
    return `${column} ${type} PATH '$[${place}]'`;
  });
  return `JSON_TABLE(?, '$[*]' COLUMNS (${list(paths)})) AS ${alias}`;
}

/** Beside the sessions of the list, found by their key, whatever the connection's collation. */
const sessionsOf = (alias: string): string =>
  `STRAIGHT_JOIN ${SESSION_TABLE} AS s FORCE INDEX (session_key)
  ON s.xid = ${alias}.xid COLLATE utf8mb4_bin
  AND s.namespace = CAST(${alias}.namespace AS BINARY)`;

const KEY_COLUMNS = ['xid', 'namespace'] as const;

export const INSERT_SESSIONS = `
INSERT INTO ${SESSION_TABLE} (${list(SESSION_COLUMNS)})
SELECT ${of('j', SESSION_COLUMNS)} FROM ${jsonTable(SESSION_COLUMNS, 'j')}`;

export const UPDATE_SESSIONS = `
UPDATE ${jsonTable(UPDATE_COLUMNS, 'j')} ${sessionsOf('j')}
SET ${list(CHANGING_COLUMNS.map((column) => `s.${column} = j.${column}`))}
WHERE s.version = j.before_version AND s.epoch = j.before_epoch`;

/** A lone row is quicker without a list. Values in the order of SESSION_COLUMNS. */
export const INSERT_SESSION = `
INSERT INTO ${SESSION_TABLE} (${list(SESSION_COLUMNS)})
VALUES (${list(SESSION_COLUMNS.map(() => '?'))})`;

/** Values in the order of CHANGING_COLUMNS, then xid, namespace, and what has to stand. */
export const UPDATE_SESSION = `
UPDATE ${SESSION_TABLE} FORCE INDEX (session_key)
SET ${list(CHANGING_COLUMNS.map((column) => `${column} = ?`))}
WHERE xid = ? AND namespace = CAST(? AS BINARY) AND version = ? AND epoch = ?`;

/** What decides whether a write holds, kept as it is until the transaction ends. */
export const LOCK_SESSIONS = `
SELECT ${read(['xid', 'namespace', 'version', 'epoch'])}
FROM ${jsonTable(KEY_COLUMNS, 'k')} ${sessionsOf('k')} FOR UPDATE`;

export const LOAD_SESSIONS = `
SELECT ${read(SESSION_COLUMNS)} FROM ${jsonTable(KEY_COLUMNS, 'k')} ${sessionsOf('k')}`;

/** Locks rows in the order of their leases, and waits for none. */
export const LOCK_LAPSED = `
SELECT s.id, ${read(SESSION_COLUMNS)} FROM ${SESSION_TABLE} AS s FORCE INDEX (session_lease)
WHERE ended_at_ms IS NULL AND lease_until_ms <= ? AND (owner <> ? OR lease_until_ms <= ?)
ORDER BY lease_until_ms, id LIMIT ? FOR UPDATE SKIP LOCKED`;

const ID_LIST = "JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS j";

/** Of rows that this transaction has locked. */
export const TAKE_OVER = `
UPDATE ${ID_LIST} STRAIGHT_JOIN ${SESSION_TABLE} AS s FORCE INDEX (PRIMARY) ON s.id = j.id
SET s.owner = ?, s.epoch = s.epoch + 1, s.version = s.version + 1, s.lease_until_ms = ?`;

/**
 * Locks rows in the order of their leases, and waits for none: the writer of one is at work still,
 * or has taken it over.
 */
export const LOCK_HELD = `
SELECT id FROM ${SESSION_TABLE} FORCE INDEX (session_lease)
WHERE ended_at_ms IS NULL AND lease_until_ms > ? AND lease_until_ms < ${NEVER_MS} AND owner = ?
ORDER BY lease_until_ms, id FOR UPDATE SKIP LOCKED`;

/** Of rows that this transaction has locked. */
export const HAND_OVER = `
UPDATE ${ID_LIST} STRAIGHT_JOIN ${SESSION_TABLE} AS s FORCE INDEX (PRIMARY) ON s.id = j.id
SET s.lease_until_ms = ?`;

/**
 * Locks rows in the order of their ends, waiting for none. The lease, which is the same for all of
 * them, is in the order because it is in the index: to sort them, all would be locked.
 */
export const LOCK_ENDED = `
SELECT id FROM ${SESSION_TABLE} FORCE INDEX (session_lease)
WHERE ended_at_ms < ? ORDER BY ended_at_ms, lease_until_ms, id LIMIT ? FOR UPDATE SKIP LOCKED`;

/** Rows that this transaction has locked. */
export const REMOVE = `
DELETE s FROM ${ID_LIST} STRAIGHT_JOIN ${SESSION_TABLE} AS s FORCE INDEX (PRIMARY) ON s.id = j.id`;

export const ENDED_AT = `
SELECT ended_at_ms FROM ${SESSION_TABLE} FORCE INDEX (session_lease)
WHERE ended_at_ms IS NOT NULL ORDER BY ended_at_ms DESC LIMIT 1 OFFSET ?`;

const listing = (where: string, order: string, index = ''): string => `
SELECT ${read(SESSION_COLUMNS)} FROM ${SESSION_TABLE} AS s${index}
WHERE ${where} AND (? IS NULL OR s.namespace = CAST(? AS BINARY)) ORDER BY ${order} LIMIT ?`;

/**
 * The last ended ones are read from the end of an index, however many there are (see LOCK_ENDED for
 * the lease). Of the open ones, all are looked at and sorted: they are few, and a person asks.
 */
export const LISTINGS = {
  open: listing('ended_at_ms IS NULL', 'began_at_ms, id'),
  ended: listing(
    'ended_at_ms IS NOT NULL',
    'ended_at_ms DESC, lease_until_ms DESC, id DESC',
    ' FORCE INDEX (session_lease)',
  ),
  attention: listing('attention_count > 0 AND ended_at_ms IS NULL', 'began_at_ms, id'),
} as const;

/** A node writes its own row only. Values: node, waits, until when. */
export const POST_WAITS = `
INSERT INTO ${WAIT_TABLE} (node, waits, until_ms) VALUES (?, ?, ?)
ON DUPLICATE KEY UPDATE waits = VALUES(waits), until_ms = VALUES(until_ms)`;

/** Rows of nodes that are gone go too. Values: node, until when such rows counted. */
export const TAKE_WAITS_DOWN = `DELETE FROM ${WAIT_TABLE} WHERE node = ? OR until_ms < ?`;

/** Values: node, now. */
export const POSTED_WAITS = `SELECT waits FROM ${WAIT_TABLE} WHERE node <> ? AND until_ms > ?`;
