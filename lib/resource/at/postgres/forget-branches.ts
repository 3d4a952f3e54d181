import { failpoint } from '../../../system/index.js';
import type { SqlSession } from '../at-engine.interface.js';
import { queryJson } from './session.js';

/** A branch as SQL takes it: the id stays text, since JavaScript has no 63-bit numbers. */
interface BranchKey {
  readonly xid: string;
  readonly branch: string;
}

const FORGET_BRANCHES = 'SELECT dtx.forget_branches($1, $2)';
const FORGET_XIDS = 'SELECT dtx.forget_xids($1)';

/**
 * A writer lets go as soon as its statement has failed, so a moment later the row is free. Only a
 * local transaction of the same branch's xid that has not ended can hold one for longer.
 */
const ATTEMPTS = 3;
const PAUSE = 'SELECT pg_sleep(0.01)';

/** @returns the branches of which something is left, for another try */
export function forgetBranches(
  session: SqlSession,
  branches: readonly BranchKey[],
): Promise<readonly BranchKey[]> {
  const xids = branches.map(({ xid }) => xid);
  const ids = branches.map(({ branch }) => branch);
  return forgetPatiently(session, FORGET_BRANCHES, [xids, ids]);
}

/** Deletes what the transactions have left, so that the rows are free for others. */
export async function forgetXids(session: SqlSession, xids: readonly string[]): Promise<void> {
  await forgetPatiently(session, FORGET_XIDS, [xids]);
}

async function forgetPatiently(
  session: SqlSession,
  text: string,
  values: readonly unknown[],
): Promise<readonly BranchKey[]> {
  for (let attempt = 1; ; attempt += 1) {
    const sent = queryJson<BranchKey>(session, text, values);
    failpoint('at.forget.sent');
    const busy = await sent;
    if (busy.length === 0 || attempt === ATTEMPTS) return busy;
    await session.query(PAUSE);
  }
}
