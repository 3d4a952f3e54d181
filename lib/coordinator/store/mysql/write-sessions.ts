import type { SessionWrite } from '../merge-changes.js';
import { keyOf } from '../merge-changes.js';
import { CHANGING_COLUMNS, SESSION_COLUMNS, rowOf } from '../session-codec.js';
import type { SqlConnection, SqlDatabase, SqlRow, SqlValue } from '../sql/index.js';
import { again } from './again.js';
import { jsonLists } from './json-lists.js';
import { ER_DUP_ENTRY, errnoOf } from './mysql-trouble.js';
import {
  INSERT_SESSION,
  INSERT_SESSIONS,
  LOCK_SESSIONS,
  UPDATE_SESSION,
  UPDATE_SESSIONS,
} from './statements.js';

/**
 * Nearly always every write holds: then it is one INSERT and one UPDATE, and their counts say so.
 * Otherwise they are rolled back, and the rows are looked at under lock first.
 */
export function writeSessions(
  database: SqlDatabase,
  writes: readonly SessionWrite[],
): Promise<readonly boolean[]> {
  return again(async () => {
    if (await writeAll(database, writes)) return writes.map(() => true);
    return database.transaction((connection) => writeHolding(connection, writes));
  });
}

async function writeAll(database: SqlDatabase, writes: readonly SessionWrite[]): Promise<boolean> {
  const statements = statementsOf(writes);
  const write = async (connection: SqlConnection): Promise<void> => {
    if ((await run(connection, statements)) !== writes.length) throw new StaleWriteError();
  };
  try {
    // Alone, a statement that writes all or nothing needs no transaction, nor its two round trips.
    if (isAllOrNothing(writes, statements)) await write(database);
    else await database.transaction(write);
    return true;
  } catch (error) {
    if (error instanceof StaleWriteError || errnoOf(error) === ER_DUP_ENTRY) return false;
    throw error;
  }
}

/** Never leaves this file: the way out of a transaction that is to be rolled back. */
class StaleWriteError extends Error {}

function isAllOrNothing(
  writes: readonly SessionWrite[],
  statements: readonly Statement[],
): boolean {
  if (statements.length !== 1) return false;
  return writes.length === 1 || statements[0]?.sql === INSERT_SESSIONS;
}

/**
 * A row that is not there cannot be locked, so another node may insert it before this one does:
 * then the server refuses the duplicate, and the next attempt finds the row.
 */
async function writeHolding(
  connection: SqlConnection,
  writes: readonly SessionWrite[],
): Promise<readonly boolean[]> {
  const found = new Map<string, SqlRow>();
  for (const part of jsonLists(writes.map(({ after }) => [after.xid, after.namespace]))) {
    for (const row of (await connection.query(LOCK_SESSIONS, [part])).rows) {
      found.set(keyOf({ xid: String(row['xid']), namespace: String(row['namespace']) }), row);
    }
  }
  const held = writes.map(({ after, before }) => stands(before, found.get(keyOf(after))));
  await run(connection, statementsOf(writes.filter((_, index) => held[index])));
  return held;
}

function stands(before: SessionWrite['before'], row: SqlRow | undefined): boolean {
  if (before === undefined || row === undefined) return before === undefined && row === undefined;
  return Number(row['version']) === before.version && Number(row['epoch']) === before.epoch;
}

type Values = readonly SqlValue[];

interface Statement {
  readonly sql: string;
  readonly values: Values;
}

/**
 * Inserts come first in every transaction: nobody waits for a new row while holding an old one that
 * its writer still wants.
 */
function statementsOf(writes: readonly SessionWrite[]): readonly Statement[] {
  const inserts = writes.filter(({ before }) => before === undefined);
  const updates = writes.filter(({ before }) => before !== undefined);
  return [...insertsOf(inserts), ...updatesOf(updates)];
}

function insertsOf(writes: readonly SessionWrite[]): readonly Statement[] {
  const rows = writes.map(({ after }): Values => {
    const row = rowOf(after);
    return SESSION_COLUMNS.map((column) => row[column]);
  });
  const [first] = rows;
  if (first !== undefined && rows.length === 1) return [{ sql: INSERT_SESSION, values: first }];
  return [...jsonLists(rows)].map((list) => ({ sql: INSERT_SESSIONS, values: [list] }));
}

function updatesOf(writes: readonly SessionWrite[]): readonly Statement[] {
  const rows = writes.map(({ after, before }) => {
    const row = rowOf(after);
    const changing: Values = CHANGING_COLUMNS.map((column) => row[column]);
    const stands: Values = [before?.version ?? null, before?.epoch ?? null];
    return { key: [after.xid, after.namespace] as Values, stands, changing };
  });
  const [first] = rows;
  if (first !== undefined && rows.length === 1) {
    return [{ sql: UPDATE_SESSION, values: [...first.changing, ...first.key, ...first.stands] }];
  }
  const lists = rows.map(({ changing, key, stands }) => [...key, ...stands, ...changing]);
  return [...jsonLists(lists)].map((list) => ({ sql: UPDATE_SESSIONS, values: [list] }));
}

/** @returns how many rows were written */
async function run(connection: SqlConnection, statements: readonly Statement[]): Promise<number> {
  let count = 0;
  for (const { sql, values } of statements) {
    count += (await connection.query(sql, values)).writtenCount;
  }
  return count;
}
