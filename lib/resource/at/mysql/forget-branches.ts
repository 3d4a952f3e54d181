import { failpoint } from '../../../system/index.js';
import type { SqlSession } from '../at-engine.interface.js';
import type { BranchKey, UndoRowKey } from './own-rows.js';
import {
  BY_BRANCH,
  areBranches,
  branchValues,
  deleteBranches,
  deleteUndoRows,
} from './own-rows.js';
import { errnoOf, inTransaction, queryRows, settle } from './session.js';
import { placeholders } from './sql-text.js';

/**
 * A writer lets go as soon as its statement has failed, so a moment later the row is free. Only a
 * local transaction of the same branch's xid that has not ended can hold one for longer.
 */
const ATTEMPTS = 3;
const PAUSE = 'SELECT SLEEP(0.01)';

/**
 * Deletes what there is of branches whose commit is decided.
 *
 * @returns the branches of which something is left, for another try
 */
export async function forgetBranches(
  session: SqlSession,
  branches: readonly BranchKey[],
): Promise<readonly BranchKey[]> {
  if (await forgetAtOnce(session, branches)) return [];
  for (let attempt = 1; ; attempt += 1) {
    const busy = await inTransaction(session, () => forgetWhatIsFree(session, branches));
    if (busy.length === 0 || attempt === ATTEMPTS) return busy;
    await session.query(PAUSE);
  }
}

/** Deletes what the transactions have left, so that the rows are free for others. */
export async function forgetXids(session: SqlSession, xids: readonly string[]): Promise<void> {
  if (xids.length === 0) return;
  await settle(session);
  const branches = await queryRows<'xid' | 'branch'>(
    session,
    `SELECT DISTINCT xid AS xid, CAST(branch AS CHAR) AS branch FROM ${BY_BRANCH}
     WHERE xid IN (${placeholders(xids)})`,
    xids,
  );
  await forgetBranches(session, branches.map(keyOf));
}

const LOCK_WAIT_TIMEOUT = 1205;
const PARSE_ERROR = 1064;

/** Of servers that cannot be told not to wait: MySQL. */
const patient = new WeakSet<SqlSession>();

/**
 * One statement, as long as nobody else has a lock on one of the rows: it waits for no lock, so it
 * cannot be part of a deadlock.
 */
async function forgetAtOnce(session: SqlSession, branches: readonly BranchKey[]): Promise<boolean> {
  if (patient.has(session)) return false;
  await settle(session);
  try {
    const sent = deleteBranches(session, branches);
    failpoint('at.session.commit.sent');
    await sent;
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === PARSE_ERROR) patient.add(session);
    else if (errno !== LOCK_WAIT_TIMEOUT) throw error;
    return false;
  }
}

/**
 * Rows that somebody else has locked are passed over: only another delete of the same rows or a
 * writer who has just met the conflict can hold one, and to wait for those in an order that they do
 * not share is how deadlocks are made.
 */
async function forgetWhatIsFree(
  session: SqlSession,
  branches: readonly BranchKey[],
): Promise<readonly BranchKey[]> {
  const condition = areBranches(branches);
  const values = branchValues(branches);
  const free = await queryRows<keyof UndoRowKey>(
    session,
    `SELECT tbl AS tbl, pk AS pk FROM ${BY_BRANCH}
     WHERE ${condition} FOR UPDATE SKIP LOCKED`,
    values,
  );
  await deleteUndoRows(
    session,
    free.map(({ pk, tbl }) => ({ tbl: tbl ?? '', pk: pk ?? '' })),
  );
  // Read without locks behind the delete: what is there now is what was passed over.
  const left = await queryRows<'xid' | 'branch'>(
    session,
    `SELECT DISTINCT xid AS xid, CAST(branch AS CHAR) AS branch FROM ${BY_BRANCH}
     WHERE ${condition}`,
    values,
  );
  return left.map(keyOf);
}

function keyOf({ branch, xid }: Readonly<Record<'xid' | 'branch', string | null>>): BranchKey {
  return { xid: xid ?? '', branch: branch ?? '' };
}
