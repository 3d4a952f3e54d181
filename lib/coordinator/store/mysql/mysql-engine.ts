import type { SessionKey } from '../../core/index.js';
import type { PurgeCommand, SessionQuery } from '../session-store.interface.js';
import type { SqlDatabase, SqlRow } from '../sql/index.js';
import type { LapsedClaim, SqlEngine, WaitPost } from '../sql/index.js';
import { again } from './again.js';
import { jsonLists } from './json-lists.js';
import {
  ENDED_AT,
  HAND_OVER,
  LISTINGS,
  LOAD_SESSIONS,
  LOCK_ENDED,
  LOCK_HELD,
  LOCK_LAPSED,
  POSTED_WAITS,
  POST_WAITS,
  REMOVE,
  TAKE_OVER,
  TAKE_WAITS_DOWN,
} from './statements.js';
import { writeSessions } from './write-sessions.js';

/** MySQL 8.0 and MariaDB 10.6, and later ones. MySQL itself is written for, not tested. */
export const mysqlEngine: SqlEngine = {
  write: writeSessions,
  load,
  claim,
  handOver,
  purge,
  endedAt,
  list,
  postWaits,
  postedWaits,
};

async function load(
  database: SqlDatabase,
  keys: readonly SessionKey[],
): Promise<readonly SqlRow[]> {
  const rows: SqlRow[] = [];
  for (const part of jsonLists(keys.map(({ namespace, xid }) => [xid, namespace]))) {
    rows.push(...(await database.query(LOAD_SESSIONS, [part])).rows);
  }
  return rows;
}

function claim(database: SqlDatabase, claim: LapsedClaim): Promise<readonly SqlRow[]> {
  const { countMax, lapsedAtMs, leaseUntilMs, owner, ownLapsedAtMs } = claim;
  return again(() =>
    database.transaction(async (connection) => {
      const { rows } = await connection.query(LOCK_LAPSED, [
        lapsedAtMs,
        owner,
        ownLapsedAtMs,
        countMax,
      ]);
      for (const part of jsonLists(rows.map(({ id }) => Number(id)))) {
        await connection.query(TAKE_OVER, [part, owner, leaseUntilMs]);
      }
      // Nobody else can have changed a locked row, so there is no need to read it again.
      return rows.map((row) => ({
        ...row,
        owner,
        epoch: Number(row['epoch']) + 1,
        version: Number(row['version']) + 1,
        lease_until_ms: leaseUntilMs,
      }));
    }),
  );
}

function handOver(database: SqlDatabase, owner: string, nowMs: number): Promise<void> {
  return again(() =>
    database.transaction(async (connection) => {
      const { rows } = await connection.query(LOCK_HELD, [nowMs, owner]);
      for (const part of jsonLists(rows.map(({ id }) => Number(id)))) {
        await connection.query(HAND_OVER, [part, nowMs]);
      }
    }),
  );
}

function purge(database: SqlDatabase, command: PurgeCommand): Promise<number> {
  const { countMax, endedBeforeMs } = command;
  return again(() =>
    database.transaction(async (connection) => {
      const { rows } = await connection.query(LOCK_ENDED, [endedBeforeMs, countMax]);
      for (const part of jsonLists(rows.map(({ id }) => Number(id)))) {
        await connection.query(REMOVE, [part]);
      }
      return rows.length;
    }),
  );
}

async function endedAt(database: SqlDatabase, place: number): Promise<number | undefined> {
  const [row] = (await database.query(ENDED_AT, [Math.max(0, place - 1)])).rows;
  return row === undefined ? undefined : Number(row['ended_at_ms']);
}

async function list(
  database: SqlDatabase,
  { countMax, namespace, which }: SessionQuery,
): Promise<readonly SqlRow[]> {
  const wanted = namespace ?? null;
  return (await database.query(LISTINGS[which], [wanted, wanted, countMax])).rows;
}

function postWaits(database: SqlDatabase, post: WaitPost): Promise<void> {
  const { lapsedMs, node, untilMs, waits } = post;
  // To take rows down locks those of the others for a moment.
  return again(async () => {
    if (waits === undefined) await database.query(TAKE_WAITS_DOWN, [node, lapsedMs]);
    else await database.query(POST_WAITS, [node, waits, untilMs]);
  });
}

async function postedWaits(
  database: SqlDatabase,
  node: string,
  nowMs: number,
): Promise<readonly SqlRow[]> {
  const { rows } = await database.query(POSTED_WAITS, [node, nowMs]);
  return rows;
}
