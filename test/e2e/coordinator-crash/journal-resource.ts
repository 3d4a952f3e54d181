import type { BranchHandler, BranchOutcome, BranchTarget } from '../../../lib/protocol/index.js';
import type { Journal } from './journal.js';

/** A resource whose effects are lines of the journal. */
export function journalResource(resourceId: string, journal: Journal): BranchHandler {
  const finish =
    (direction: 'commit' | 'rollback') =>
    (targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> => {
      for (const { xid, branchId } of targets) {
        journal.add({ kind: 'finished', xid, branchId, direction });
      }
      return Promise.resolve(targets.map(() => ({ kind: 'done' })));
    };
  return {
    resourceId,
    type: 'AT',
    commitBranches: finish('commit'),
    rollbackBranches: finish('rollback'),
  };
}
