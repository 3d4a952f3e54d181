import type { SessionWrite } from '../merge-changes.js';
import { keyOf } from '../merge-changes.js';
import type { SessionRow } from '../session-codec.js';
import { SESSION_COLUMNS, rowOf } from '../session-codec.js';
import type { SqlConnection, SqlDatabase, SqlRow } from '../sql/index.js';
import { again } from './again.js';
import { jsonLists } from './json-lists.js';
import { ER_DUP_ENTRY, errnoOf } from './mysql-trouble.js';
import { INSERT_SESSIONS, LOCK_SESSIONS, UPDATE_COLUMNS, UPDATE_SESSIONS } from './statements.js';

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

interface Statement {
  readonly sql: string;
  readonly parameter: string;
}

/**
 * Inserts come first in every transaction: nobody waits for a new row while holding an old one that
 * its writer still wants.
 */
function statementsOf(writes: readonly SessionWrite[]): readonly Statement[] {
  const inserts = writes.filter(({ before }) => before === undefined).map(insertOf);
  const updates = writes.flatMap(updateOf);
  return [
    ...[...jsonLists(inserts)].map((parameter) => ({ sql: INSERT_SESSIONS, parameter })),
    ...[...jsonLists(updates)].map((parameter) => ({ sql: UPDATE_SESSIONS, parameter })),
  ];
}

/** @returns how many rows were written */
async function run(connection: SqlConnection, statements: readonly Statement[]): Promise<number> {
  let count = 0;
  for (const { parameter, sql } of statements) {
    count += (await connection.query(sql, [parameter])).writtenCount;
  }
  return count;
}

type Values = readonly (string | number | null)[];

function insertOf({ after }: SessionWrite): Values {
  const row = rowOf(after);
  return SESSION_COLUMNS.map((column) => row[column]);
}

function updateOf({ after, before }: SessionWrite): readonly Values[] {
  if (before === undefined) return [];
  const row: SessionRow & Readonly<Record<'before_version' | 'before_epoch', number>> = {
    ...rowOf(after),
    before_version: before.version,
    before_epoch: before.epoch,
  };
  return [UPDATE_COLUMNS.map((column) => row[column])];
}
