import type { SqlSession } from '../at-engine.interface.js';
import type { BranchKey, UndoRowKey } from './own-rows.js';
import { BY_BRANCH, areBranches, branchValues, deleteFences, deleteUndoRows } from './own-rows.js';
import { inTransaction, queryRows } from './session.js';
import { placeholders } from './sql-text.js';

/**
 * A writer lets go as soon as its statement has failed, so a moment later the row is free. Only a
 * local transaction of the same branch's xid that has not ended can hold one for longer.
 */
const ATTEMPTS = 3;
const PAUSE = 'SELECT SLEEP(0.01)';

/** @returns the branches of which something is left, for another try */
export function forgetBranches(
  session: SqlSession,
  branches: readonly BranchKey[],
): Promise<readonly BranchKey[]> {
  return patiently(session, () =>
    forget(session, branches, { sql: areBranches(branches), values: branchValues(branches) }),
  );
}

/** Deletes what the transactions have left, so that the rows are free for others. */
export async function forgetXids(session: SqlSession, xids: readonly string[]): Promise<void> {
  if (xids.length === 0) return;
  const condition = { sql: `xid IN (${placeholders(xids)})`, values: xids };
  await patiently(session, async () => {
    const branches = await queryRows<'xid' | 'branch'>(
      session,
      `SELECT xid AS xid, CAST(branch AS CHAR) AS branch FROM ${BY_BRANCH.fences}
       WHERE ${condition.sql} FOR UPDATE SKIP LOCKED`,
      xids,
    );
    return forget(session, branches.map(keyOf), condition);
  });
}

async function patiently(
  session: SqlSession,
  forgetOnce: () => Promise<readonly BranchKey[]>,
): Promise<readonly BranchKey[]> {
  for (let attempt = 1; ; attempt += 1) {
    const busy = await inTransaction(session, forgetOnce);
    if (busy.length === 0 || attempt === ATTEMPTS) return busy;
    await session.query(PAUSE);
  }
}

/** A condition on undo rows, with its parameters. */
interface Condition {
  readonly sql: string;
  readonly values: readonly string[];
}

/**
 * Deletes undo rows and fences of branches whose commit is decided.
 *
 * Rows that somebody else has locked are passed over: only another delete of the same rows or a
 * writer who has just met the conflict can hold one, and to wait for those in an order that they do
 * not share is how deadlocks are made. A fence stays as long as undo rows of its branch do, so that
 * the branch can be found again; nobody but another delete waits for those.
 */
async function forget(
  session: SqlSession,
  branches: readonly BranchKey[],
  { sql, values }: Condition,
): Promise<readonly BranchKey[]> {
  const free = await queryRows<keyof UndoRowKey>(
    session,
    `SELECT tbl AS tbl, pk AS pk FROM ${BY_BRANCH.undoRows} WHERE ${sql} FOR UPDATE SKIP LOCKED`,
    values,
  );
  await deleteUndoRows(
    session,
    free.map(({ pk, tbl }) => ({ tbl: tbl ?? '', pk: pk ?? '' })),
  );
  // Read without locks behind the delete: what is there now is what was passed over.
  const left = await queryRows<'xid' | 'branch'>(
    session,
    `SELECT DISTINCT xid AS xid, CAST(branch AS CHAR) AS branch FROM ${BY_BRANCH.undoRows}
     WHERE ${sql}`,
    values,
  );
  const busy = left.map(keyOf);
  const isBusy = new Set(busy.map(nameOf));
  await deleteFences(
    session,
    branches.filter((branch) => !isBusy.has(nameOf(branch))),
  );
  return busy;
}

const nameOf = ({ branch, xid }: BranchKey): string => `${xid}/${branch}`;

function keyOf({ branch, xid }: Readonly<Record<'xid' | 'branch', string | null>>): BranchKey {
  return { xid: xid ?? '', branch: branch ?? '' };
}
