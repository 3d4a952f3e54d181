import type { BranchHandler, BranchOutcome, CoordinatorClient } from '../../lib/protocol/index.js';
import { systemIds } from './product.js';
import { RESOURCE_IDS } from './resources.js';

const DONE: BranchOutcome = { kind: 'done' };

/** Attaches the resources of all transactions; phase two has nothing to do there. */
export async function attachResources(client: CoordinatorClient): Promise<void> {
  for (const resourceId of RESOURCE_IDS) await client.attach(handlerOf(resourceId));
}

/**
 * A global transaction with two branches, as an application runs it: like TransactionManager it
 * waits for a begin only where calls may overtake each other.
 *
 * @returns its xid; it is committed, and phase two follows
 */
export async function runTransaction(client: CoordinatorClient): Promise<string> {
  const xid = systemIds.newXid();
  const request = { xid, name: 'Bench.transaction', applicationId: 'bench', timeoutMs: 60_000 };
  const mayWait = client.keepsOrder === true;
  const begun = client.begin({ ...request, mayWait });
  if (!mayWait) await begun;
  for (const resourceId of RESOURCE_IDS) {
    const branchId = systemIds.newBranchId();
    await client.registerBranch({ xid, branchId, type: 'AT', resourceId, applicationId: 'bench' });
  }
  const { status } = await client.commit({ xid, waitMs: 0 });
  await begun;
  if (status !== 'committing' && status !== 'committed') throw new Error(`${xid} is ${status}.`);
  return xid;
}

function handlerOf(resourceId: string): BranchHandler {
  const finish: BranchHandler['commitBranches'] = (targets) =>
    Promise.resolve(targets.map(() => DONE));
  return { resourceId, type: 'AT', commitBranches: finish, rollbackBranches: finish };
}
