import type { GlobalLock, GlobalTransaction } from '../../transaction/index.js';
import { currentGlobalLock, currentTransaction } from '../../transaction/index.js';
import type { AtResource } from './at-resource.js';
import { LocalBranch } from './local-branch.js';
import type { LocalWork } from './local-work.js';
import { LockedWork } from './locked-work.js';

/** What statements of the caller are part of. */
export type Around = GlobalTransaction | GlobalLock;

/** What is around the caller, if anything is. A seam with nothing around it does nothing. */
export function currentAround(): Around | undefined {
  return currentTransaction() ?? currentGlobalLock();
}

/**
 * A local transaction begins that is part of it.
 *
 * @throws TransactionFinishedError
 */
export function workOf(resource: AtResource, around: Around, what: string): LocalWork {
  if (around.xid === undefined) return new LockedWork(around);
  around.assertActive(what);
  return new LocalBranch(resource, around);
}
