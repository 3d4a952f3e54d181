import type { BranchOutcome, DtxLog } from '../../protocol/index.js';
import { SESSION_KINDS } from '../../protocol/index.js';
import type { SessionChange } from '../core/index.js';
import type { PhaseTwoTarget } from './phase-two-target.js';

/** After the second failure of a branch, only every so many are told. */
const TELL_EVERY = 10;

/** Tells operators of each branch that needs a person from now on, whatever the reason. */
export function logParked(log: DtxLog, { after, before }: SessionChange): void {
  after.branches.forEach((branch, index) => {
    if (branch.status !== 'needs-attention') return;
    if (before?.branches[index]?.status === 'needs-attention') return;
    const direction = SESSION_KINDS[after.kind].phaseTwo[after.status]?.call ?? 'phase two';
    log.error(
      `Branch ${branch.branchId} of global transaction ${after.xid} needs attention at ` +
        `${branch.resourceId}: its ${direction} cannot be finished by itself. ` +
        (branch.lastError ?? ''),
    );
  });
}

/** One line for a call, however many branches it had. */
export function logRetries(
  log: DtxLog,
  targets: readonly PhaseTwoTarget[],
  outcomes: readonly BranchOutcome[],
): void {
  const failed = targets.filter((_target, index) => outcomes[index]?.kind === 'retry');
  // The first one is no news: a row that somebody else holds for a moment is enough for it.
  const told = failed.find(({ failedCount }) => failedCount % TELL_EVERY === 2);
  const outcome = told && outcomes[targets.indexOf(told)];
  if (told === undefined || outcome?.kind !== 'retry') return;
  log.warn(
    `The ${told.direction} of ${String(failed.length)} branch(es) at ${told.resourceId} failed ` +
      `and will be tried again (attempt ${String(told.failedCount)} of global transaction ` +
      `${told.branch.xid}): ${outcome.error}`,
  );
}
