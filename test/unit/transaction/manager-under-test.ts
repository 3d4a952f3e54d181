import { RecordingCoordinator } from 'nestjs-dtx/testing';

import { systemClock, systemIds } from '../../../lib/system/index.js';
import type { TransactionManagerDeps } from '../../../lib/transaction/index.js';
import { TransactionManager } from '../../../lib/transaction/index.js';

/** A manager over the recording coordinator, and what it has logged. */
export function managerUnderTest(deps: Partial<TransactionManagerDeps> = {}) {
  const coordinator = new RecordingCoordinator();
  const logged: string[] = [];
  const write = (message: string): void => {
    logged.push(message);
  };
  const manager = new TransactionManager({
    client: coordinator,
    clock: systemClock,
    ids: systemIds,
    applicationId: 'shop',
    log: { info: write, warn: write, error: write, debug: write },
    ...deps,
  });
  return { coordinator, logged, manager };
}
