import type { BranchType, CoordinatorClient } from '../../../../lib/protocol/index.js';
import { systemIds } from '../../../../lib/system/index.js';

/** Begins a global transaction and returns its xid. */
export async function begin(client: CoordinatorClient, timeoutMs = 60_000): Promise<string> {
  const xid = systemIds.newXid();
  await client.begin({ xid, name: 'place-order', applicationId: 'order-service', timeoutMs });
  return xid;
}

interface RegisterOptions {
  readonly resourceId?: string;
  readonly branchId?: string;
  readonly data?: string;
  readonly type?: BranchType;
  readonly applicationId?: string;
}

/** Registers a branch and returns its id. */
export async function register(
  client: CoordinatorClient,
  xid: string,
  options: RegisterOptions = {},
): Promise<string> {
  const { resourceId = 'orders', branchId = systemIds.newBranchId(), data } = options;
  const { applicationId = 'order-service', type = 'AT' } = options;
  await client.registerBranch({
    xid,
    branchId,
    type,
    resourceId,
    applicationId,
    ...(data !== undefined && { data }),
  });
  return branchId;
}

export async function statusOf(client: CoordinatorClient, xid: string): Promise<string> {
  return (await client.status({ xid })).status;
}
