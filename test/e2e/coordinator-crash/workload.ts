import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import type { Journal } from './journal.js';

interface Plan {
  readonly branchesAt: readonly string[];
  readonly end: 'commit' | 'rollback' | 'nothing';
  readonly rollbackOnly?: boolean;
  /** Nobody waits for the begin: it shares a write with the first registration. */
  readonly mayWait?: boolean;
  /** The first registration brings the begin along. */
  readonly isCarried?: boolean;
}

/** Both decisions, with and without branches, a forbidden commit, and one left undecided. */
const PLANS: readonly Plan[] = [
  { branchesAt: ['orders', 'stock'], end: 'commit' },
  { branchesAt: ['orders', 'stock'], end: 'rollback', mayWait: true },
  { branchesAt: ['stock'], end: 'commit', rollbackOnly: true },
  { branchesAt: [], end: 'commit' },
  { branchesAt: ['stock', 'orders'], end: 'rollback', isCarried: true },
  { branchesAt: ['orders'], end: 'nothing' },
];

const TIMEOUT_MS = 60_000;
const WAIT_MS = 10_000;

/** Runs the plans one after the other, and writes down what it asks and what it is told. */
export async function runWorkload(client: CoordinatorClient, journal: Journal): Promise<void> {
  for (const plan of PLANS) await runPlan(plan, client, journal);
}

async function runPlan(plan: Plan, client: CoordinatorClient, journal: Journal): Promise<void> {
  const xid = systemIds.newXid();
  const applicationId = 'crash-test';
  const tell = (what: string): void => {
    journal.add({ kind: 'told', xid, what });
  };
  journal.add({ kind: 'named', xid });
  const mayWait = plan.mayWait === true;
  const opening = { name: 'crash', applicationId, timeoutMs: TIMEOUT_MS };
  const isCarried = plan.isCarried === true;
  const begun = isCarried
    ? Promise.resolve()
    : client.begin({ xid, ...opening, mayWait }).then(() => {
        tell('begun');
      });
  if (!mayWait) await begun;
  for (const resourceId of plan.branchesAt) {
    const branchId = systemIds.newBranchId();
    const branch = { xid, branchId, type: 'AT', resourceId, applicationId } as const;
    await client.registerBranch(isCarried ? { ...branch, begin: opening } : branch);
    if (isCarried) tell('begun');
    // Phase one waits for its registration, as every resource manager must.
    journal.add({ kind: 'worked', xid, branchId });
  }
  await begun;
  if (plan.rollbackOnly === true) {
    await client.setRollbackOnly({ xid, reason: 'refused' });
    tell('rollback-only');
  }
  if (plan.end === 'nothing') return;
  journal.add({ kind: 'asked', xid, what: plan.end });
  if (plan.end === 'commit') tell((await client.commit({ xid, waitMs: 0 })).status);
  tell((await client[plan.end]({ xid, waitMs: WAIT_MS })).status);
}
