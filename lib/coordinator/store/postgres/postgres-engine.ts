import { NEVER_MS } from '../../../protocol/index.js';
import type { SessionWrite } from '../merge-changes.js';
import { keyOf } from '../merge-changes.js';
import { CHANGING_COLUMNS, SESSION_COLUMNS, rowOf } from '../session-codec.js';
import type { SqlDatabase, SqlEngine, SqlRow, SqlValue } from '../sql/index.js';
import { keyParameter, writeParameters } from '../sql/index.js';
import {
  CLAIM,
  ENDED_AT,
  HAND_OVER,
  INSERT_ONE,
  LIST,
  LOAD,
  POSTED_WAITS,
  POST_WAITS,
  PURGE,
  TAKE_WAITS_DOWN,
  UPDATE_ONE,
  WRITE,
  WRITE_PAIR,
} from './statements.js';

/** Sessions in PostgreSQL 12 or later. Every call is one statement, hence one round trip. */
export const postgresEngine: SqlEngine = {
  async write(database, writes) {
    const [first] = writes;
    if (first !== undefined && writes.length === 1) return [await writeOne(database, first)];
    if (isPair(writes)) return writePair(database, writes);
    const { inserts, updates } = writeParameters(writes);
    const { rows } = await database.query(WRITE, [inserts, updates]);
    const held = new Set(rows.map(rowKey));
    return writes.map(({ after }) => held.has(keyOf(after)));
  },
  async load(database, keys) {
    return (await database.query(LOAD, [keyParameter(keys)])).rows;
  },
  async claim(database, { countMax, lapsedAtMs, leaseUntilMs, owner, ownLapsedAtMs }) {
    const values = [owner, lapsedAtMs, leaseUntilMs, countMax, ownLapsedAtMs];
    return (await database.query(CLAIM, values)).rows;
  },
  async handOver(database, owner, nowMs) {
    await database.query(HAND_OVER, [owner, nowMs, NEVER_MS]);
  },
  async purge(database, { countMax, endedBeforeMs }) {
    return (await database.query(PURGE, [endedBeforeMs, countMax])).writtenCount;
  },
  async endedAt(database, place) {
    const [row] = (await database.query(ENDED_AT, [place - 1])).rows;
    return row === undefined ? undefined : Number(row['ended_at_ms']);
  },
  async list(database, { countMax, namespace, which }) {
    return (await database.query(LIST[which], [namespace ?? null, countMax])).rows;
  },
  async postWaits(database, { lapsedMs, node, untilMs, waits }) {
    if (waits === undefined) await database.query(TAKE_WAITS_DOWN, [node, lapsedMs]);
    else await database.query(POST_WAITS, [node, waits, untilMs]);
  },
  async postedWaits(database, node, nowMs) {
    return (await database.query(POSTED_WAITS, [node, nowMs])).rows;
  },
};

async function writeOne(database: SqlDatabase, write: SessionWrite): Promise<boolean> {
  const sql = write.before === undefined ? INSERT_ONE : UPDATE_ONE;
  const { writtenCount } = await database.query(sql, valuesOf(write));
  return writtenCount === 1;
}

/** Whether one session begins and another one goes on. */
function isPair(writes: readonly SessionWrite[]): boolean {
  return writes.length === 2 && writes.filter(({ before }) => before === undefined).length === 1;
}

async function writePair(
  database: SqlDatabase,
  writes: readonly SessionWrite[],
): Promise<readonly boolean[]> {
  const begins = writes.filter(({ before }) => before === undefined);
  const changes = writes.filter(({ before }) => before !== undefined);
  const { rows } = await database.query(WRITE_PAIR, [...begins, ...changes].flatMap(valuesOf));
  return writes.map(
    ({ before }) => Number(rows[0]?.[before === undefined ? 'begun' : 'changed']) === 1,
  );
}

function valuesOf({ after, before }: SessionWrite): readonly SqlValue[] {
  const row = rowOf(after);
  if (before === undefined) return SESSION_COLUMNS.map((column) => row[column]);
  const changing = CHANGING_COLUMNS.map((column) => row[column]);
  return [...changing, after.xid, after.namespace, before.version, before.epoch];
}

function rowKey(row: SqlRow): string {
  return keyOf({ xid: String(row['xid']), namespace: String(row['namespace']) });
}
