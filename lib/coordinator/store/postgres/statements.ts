import type { SessionColumn } from '../session-codec.js';
import { CHANGING_COLUMNS, SESSION_COLUMNS } from '../session-codec.js';

/** How the columns arrive in a JSON parameter. */
const TYPES: Readonly<Record<SessionColumn, string>> = {
  namespace: 'text',
  xid: 'text',
  kind: 'text',
  name: 'text',
  application_id: 'text',
  status: 'text',
  reason: 'text',
  rollback_only: 'text',
  timeout_ms: 'bigint',
  began_at_ms: 'bigint',
  decided_at_ms: 'bigint',
  ended_at_ms: 'bigint',
  due_at_ms: 'bigint',
  owner: 'text',
  epoch: 'bigint',
  lease_until_ms: 'bigint',
  version: 'bigint',
  attention_count: 'integer',
  branches: 'text',
};

const COLUMNS = SESSION_COLUMNS.join(', ');
const COLUMNS_OF_S = SESSION_COLUMNS.map((column) => `s.${column}`).join(', ');

const typed = (columns: readonly SessionColumn[]): string =>
  columns.map((column) => `${column} ${TYPES[column]}`).join(', ');

const parameter = (index: number): string => `$${String(index + 1)}`;

const insertFrom = (first: number): string => `
INSERT INTO dtx_coordinator.session (${COLUMNS})
VALUES (${SESSION_COLUMNS.map((_, index) => parameter(first + index)).join(', ')})
ON CONFLICT (xid, namespace) DO NOTHING`;

const updateFrom = (first: number): string => {
  const keys = first + CHANGING_COLUMNS.length;
  return `
UPDATE dtx_coordinator.session
SET ${CHANGING_COLUMNS.map((column, index) => `${column} = ${parameter(first + index)}`).join(', ')}
WHERE xid = ${parameter(keys)} AND namespace = ${parameter(keys + 1)}
  AND version = ${parameter(keys + 2)} AND epoch = ${parameter(keys + 3)}`;
};

/*
 * The whole batch, made durable by one commit in one round trip. $1: rows to insert, $2: rows to
 * update, as writeParameters() makes them.
 *
 * Locks: first all new keys, then all rows to change, each in the order of the lists, which all
 * nodes sort alike. A row that is being inserted elsewhere is not seen by the update, so nobody
 * waits in a circle. Who comes second waits for the row, then finds another version in it.
 */
export const WRITE = `
WITH begun AS (
  INSERT INTO dtx_coordinator.session (${COLUMNS})
  SELECT ${COLUMNS} FROM json_to_recordset($1::json) AS i (${typed(SESSION_COLUMNS)})
  ON CONFLICT (xid, namespace) DO NOTHING
  RETURNING xid, namespace
), changed AS (
  UPDATE dtx_coordinator.session AS s
  SET ${CHANGING_COLUMNS.map((column) => `${column} = u.${column}`).join(', ')}
  FROM json_to_recordset($2::json) AS u (xid text, namespace text,
    ${typed(CHANGING_COLUMNS)}, old_version bigint, old_epoch bigint)
  WHERE s.xid = u.xid AND s.namespace = u.namespace
    AND s.version = u.old_version AND s.epoch = u.old_epoch
  RETURNING s.xid, s.namespace
)
SELECT xid, namespace FROM begun UNION ALL SELECT xid, namespace FROM changed`;

/*
 * A lone write has nothing to share, and takes two thirds of the time this way. Parameters: the
 * columns in their order; for the update behind them xid, namespace, and what has to stand.
 */
export const INSERT_ONE = insertFrom(0);
export const UPDATE_ONE = updateFrom(0);

/*
 * The end of one session and the begin of the next, as where one caller works alone. Parameters:
 * those of INSERT_ONE, then those of UPDATE_ONE.
 */
export const WRITE_PAIR = `
WITH begun AS (${insertFrom(0)} RETURNING 1),
changed AS (${updateFrom(SESSION_COLUMNS.length)} RETURNING 1)
SELECT (SELECT count(*) FROM begun) AS begun, (SELECT count(*) FROM changed) AS changed`;

/** $1: keys. */
export const LOAD = `
SELECT ${COLUMNS_OF_S}
FROM json_to_recordset($1::json) AS k (xid text, namespace text)
JOIN dtx_coordinator.session AS s ON s.xid = k.xid AND s.namespace = k.namespace`;

/*
 * $1: owner, $2: lapsed until, $3: new lease, $4: how many, $5: lapsed until for the owner's own.
 *
 * Locks in the order of the leases and never waits: a row that somebody writes is in good hands.
 * One that was written since this statement began is looked at again before it is taken.
 */
export const CLAIM = `
WITH lapsed AS (
  SELECT id, lease_until_ms AS lapsed_at_ms
  FROM dtx_coordinator.session
  WHERE ended_at_ms IS NULL AND lease_until_ms <= $2::bigint
    AND (owner <> $1 OR lease_until_ms <= $5::bigint)
  ORDER BY lease_until_ms, id
  LIMIT $4::bigint
  FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE dtx_coordinator.session AS s
  SET owner = $1, epoch = s.epoch + 1, version = s.version + 1, lease_until_ms = $3::bigint
  FROM lapsed WHERE s.id = lapsed.id
  RETURNING lapsed.lapsed_at_ms, s.id, ${COLUMNS_OF_S}
)
SELECT ${COLUMNS} FROM taken ORDER BY lapsed_at_ms, id`;

/*
 * $1: owner, $2: now. A row that is being written stays: its writer is at work still, or has taken
 * it over.
 */
export const HAND_OVER = `
UPDATE dtx_coordinator.session SET lease_until_ms = $2::bigint
WHERE id = ANY (ARRAY(
  SELECT id FROM dtx_coordinator.session
  WHERE ended_at_ms IS NULL AND owner = $1
    AND lease_until_ms > $2::bigint AND lease_until_ms < $3::bigint
  FOR UPDATE SKIP LOCKED
))`;

/* $1: ended before, $2: how many. Never waits: what another node purges is on its way anyhow. */
export const PURGE = `
DELETE FROM dtx_coordinator.session
WHERE id = ANY (ARRAY(
  SELECT id FROM dtx_coordinator.session
  WHERE ended_at_ms IS NOT NULL AND ended_at_ms < $1::bigint
  ORDER BY ended_at_ms, id
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
))`;

/** $1: how many later ones there are. */
export const ENDED_AT = `
SELECT ended_at_ms FROM dtx_coordinator.session
WHERE ended_at_ms IS NOT NULL
ORDER BY ended_at_ms DESC
LIMIT 1 OFFSET $1::bigint`;

const list = (which: string, order: string): string => `
SELECT ${COLUMNS} FROM dtx_coordinator.session
WHERE ${which} AND ($1::text IS NULL OR namespace = $1)
ORDER BY ${order}
LIMIT $2::bigint`;

/** $1: namespace or null, $2: how many. */
export const LIST = {
  open: list('ended_at_ms IS NULL', 'began_at_ms, id'),
  ended: list('ended_at_ms IS NOT NULL', 'ended_at_ms DESC, id DESC'),
  attention: list('ended_at_ms IS NULL AND attention_count > 0', 'began_at_ms, id'),
} as const;

/** $1: node, $2: waits, $3: until when. A node writes its own row only, so nobody waits for it. */
export const POST_WAITS = `
INSERT INTO dtx_coordinator.wait_board (node, waits, until_ms) VALUES ($1, $2, $3::bigint)
ON CONFLICT (node) DO UPDATE SET waits = excluded.waits, until_ms = excluded.until_ms`;

/** $1: node, $2: rows of others that counted until then go too, since their nodes are gone. */
export const TAKE_WAITS_DOWN = `
DELETE FROM dtx_coordinator.wait_board WHERE node = $1 OR until_ms < $2::bigint`;

/** $1: node, $2: now. */
export const POSTED_WAITS = `
SELECT waits FROM dtx_coordinator.wait_board WHERE node <> $1 AND until_ms > $2::bigint`;
