import { publishBranch, publishGlobal } from '../../protocol/index.js';
import type { Branch, SessionChange } from '../core/index.js';
import type { LiveSession } from './live-session.js';

/** Tells the diagnostics channels what has become durable. */
export function publishChange({ namespace, xid }: LiveSession, change: SessionChange): void {
  const { after, before, branch } = change;
  if (before === undefined) publishGlobal({ namespace, xid, status: after.status });
  if (branch !== undefined) publishOneBranch(namespace, xid, branch);
  else publishMoved(namespace, xid, change);
  if (before === undefined || after.status === before.status) return;
  publishGlobal({ namespace, xid, status: after.status });
}

/** A person's order moves several branches at once. */
function publishMoved(namespace: string, xid: string, { after, before }: SessionChange): void {
  if (before === undefined || after.endedAtMs !== undefined) return;
  after.branches.forEach((branch, index) => {
    if (branch.status !== before.branches[index]?.status) publishOneBranch(namespace, xid, branch);
  });
}

function publishOneBranch(namespace: string, xid: string, branch: Branch): void {
  const { branchId, lastError, resourceId, status } = branch;
  publishBranch({
    namespace,
    xid,
    status,
    branchId,
    resourceId,
    ...(lastError !== undefined && { error: lastError }),
  });
}
