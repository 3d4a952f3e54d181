import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { TransactionManager, currentXid } from '../../../lib/transaction/index.js';
import { until } from '../../support/until.js';

/**
 * Runs the work in a global transaction that fails then, and waits until its rollback needs a
 * person.
 *
 * @returns its xid
 */
export async function park(client: CoordinatorClient, work: () => Promise<void>): Promise<string> {
  const quiet = (): void => undefined;
  const manager = new TransactionManager({
    client,
    clock: systemClock,
    ids: systemIds,
    applicationId: 'shop',
    log: { info: quiet, warn: quiet, error: quiet, debug: quiet },
    rollbackWaitMs: 0,
  });
  let xid = '';
  await manager
    .run({ name: 'place-order' }, async () => {
      xid = currentXid() ?? '';
      await work();
      throw new Error('no');
    })
    .catch(() => undefined);
  await until(async () => {
    const { branches } = await client.status({ xid });
    return branches.some(({ status }) => status === 'needs-attention');
  });
  return xid;
}

/** Waits until the rollback is over. */
export const untilRolledBack = (client: CoordinatorClient, xid: string): Promise<void> =>
  until(async () => (await client.status({ xid })).status === 'rolled-back');
