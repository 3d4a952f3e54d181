import type { BranchOutcome, DtxLog } from '../../protocol/index.js';
import type { PhaseTwoTarget } from './phase-two-target.js';

/** After the second failure of a branch, only every so many are told. */
const TELL_EVERY = 10;

/** Tells operators what they can act on: a resource in trouble, a branch that needs a person. */
export function logOutcomes(
  log: DtxLog,
  targets: readonly PhaseTwoTarget[],
  outcomes: readonly BranchOutcome[],
): void {
  targets.forEach((target, index) => {
    const outcome = outcomes[index];
    if (outcome?.kind === 'cannot') {
      log.error(
        `Branch ${target.branch.branchId} of global transaction ${target.branch.xid} needs ` +
          `attention at ${target.resourceId}: its ${target.direction} cannot be finished by ` +
          `itself. ${outcome.error}`,
      );
    }
  });
  logRetries(log, targets, outcomes);
}

/** One line for a call, however many branches it had. */
function logRetries(
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
