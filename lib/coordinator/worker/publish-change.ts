import { publishBranch, publishGlobal } from '../../protocol/index.js';
import type { Branch, SessionChange } from '../core/index.js';
import type { LiveSession } from './live-session.js';

/** Tells the diagnostics channels what has become durable. */
export function publishChange({ namespace, xid }: LiveSession, change: SessionChange): void {
  switch (change.kind) {
    case 'end':
      if (change.lastBranch !== undefined) publishOneBranch(namespace, xid, change.lastBranch);
      publishGlobal({ namespace, xid, status: change.after.status });
      return;
    case 'begin':
      publishGlobal({ namespace, xid, status: change.after.status });
      return;
    case 'change-session':
      if (change.after.status === change.from) return;
      publishGlobal({ namespace, xid, status: change.after.status });
      return;
    case 'add-branch':
    case 'change-branch':
      publishOneBranch(namespace, xid, change.branch);
  }
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
