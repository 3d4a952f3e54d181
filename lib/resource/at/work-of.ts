import { BranchModeError, TccSecondLocalTransactionError } from '../../protocol/index.js';
import type { GlobalLock, GlobalTransaction } from '../../transaction/index.js';
import {
  currentBranchMode,
  currentGlobalLock,
  currentTransaction,
} from '../../transaction/index.js';
import type { TccPhase } from '../tcc/index.js';
import { FencedWork, currentTccPhase } from '../tcc/index.js';
import { XaBranch } from '../xa/index.js';
import type { AtResource } from './at-resource.js';
import { LocalBranch } from './local-branch.js';
import type { LocalWork } from './local-work.js';
import { LockedWork } from './locked-work.js';

/** What statements of the caller are part of. */
export type Around = GlobalTransaction | GlobalLock | TccPhase;

/** What is around the caller, if anything is. A seam with nothing around it does nothing. */
export function currentAround(): Around | undefined {
  return currentTccPhase() ?? currentTransaction() ?? currentGlobalLock();
}

/**
 * A local transaction begins that is part of it.
 *
 * @throws TransactionFinishedError
 * @throws BranchModeError the data source does not serve the mode that is wanted
 */
export function workOf(resource: AtResource, around: Around, what: string): LocalWork {
  if ('isTccPhase' in around) return workOfPhase(resource, around, what);
  if (around.xid === undefined) return new LockedWork(around);
  around.assertActive(what);
  const mode = currentBranchMode() ?? resource.mode;
  if (mode === 'XA') return new XaBranch(resource.xa, around);
  if (resource.mode === 'XA') throw new BranchModeError(resource.resourceId, 'AT', NOT_CAPTURED);
  return new LocalBranch(resource, around);
}

const NOT_CAPTURED =
  "nothing is captured in a data source with mode: 'XA'. Leave the option out: then XA can still " +
  'be asked for by call.';

/** Without a fence the action looks after itself; with one it works where the fence is. */
function workOfPhase(resource: AtResource, phase: TccPhase, what: string): LocalWork {
  const { guard } = phase;
  phase.assertActive(what);
  if (guard === undefined) return new LockedWork(phase);
  if (guard.resource === resource) return new FencedWork(phase, guard);
  const { branchId, xid } = phase.tag;
  throw new TccSecondLocalTransactionError(
    { xid, branchId, action: phase.context.name, resourceId: resource.resourceId },
    `its fence is at ${guard.resourceId}, and guards nothing elsewhere. Move the work ` +
      `there into an action of its own, or out of the action.`,
  );
}
