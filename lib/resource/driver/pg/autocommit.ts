import type { QueryResult } from 'pg';

import type { LockConflict } from '../../../protocol/index.js';
import { messageOf } from '../../../protocol/index.js';
import type { GlobalTransaction } from '../../../transaction/index.js';
import type { AtResource } from '../../at/index.js';
import { LocalBranch } from '../../at/index.js';
import type { Statement } from './classify-statement.js';

/** What one run of a statement came to. */
export type Attempt = { readonly conflict: LockConflict } | { readonly result: QueryResult };

/** Runs one autocommit statement as a branch, and again when it had to wait for a row. */
export async function runAutocommit(
  resource: AtResource,
  transaction: GlobalTransaction,
  statement: Statement,
  attempt: (branch: LocalBranch) => Promise<Attempt>,
): Promise<QueryResult> {
  transaction.assertActive(`${statement.label} on ${resource.resourceId}`);
  const branch = new LocalBranch(resource, transaction);
  try {
    const first = await attempt(branch);
    if ('result' in first) return first.result;
    const { xid } = branch.tag;
    return await resource.lockWaiter.retry(xid, first.conflict, () => attempt(branch));
  } catch (error) {
    branch.rolledBack(messageOf(error));
    throw error;
  }
}
