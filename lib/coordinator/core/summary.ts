import type { BranchSummary, GlobalSummary } from '../../protocol/index.js';
import type { Branch, Session } from './session.js';

/** The session as everybody else sees it. */
export function summaryOf(xid: string, session: Session | undefined): GlobalSummary {
  if (session === undefined) return { xid, status: 'absent', branches: [] };
  return {
    xid,
    status: session.status,
    name: session.name,
    ...(session.reason !== undefined && { reason: session.reason }),
    ...(session.rollbackOnly !== undefined && { rollbackOnly: session.rollbackOnly }),
    branches: session.branches.map(branchSummary),
  };
}

function branchSummary(branch: Branch): BranchSummary {
  return {
    branchId: branch.branchId,
    seq: branch.seq,
    type: branch.type,
    resourceId: branch.resourceId,
    status: branch.status,
    attempts: branch.attempts,
    ...(branch.lastError !== undefined && { lastError: branch.lastError }),
    ...(branch.failedAttempts.length > 0 && { failedAttempts: branch.failedAttempts }),
    ...(branch.result !== undefined && { result: branch.result }),
  };
}
