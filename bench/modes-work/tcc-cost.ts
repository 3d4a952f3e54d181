import { randomInt } from 'node:crypto';

import type { TransactionManager } from 'nestjs-dtx';

import { ROWS } from './databases.js';
import type { Timed } from './paired-cost.js';
import type { TccActions } from './tcc-actions.js';

/** The same try, registration included, with a fence and without one; phase two is not timed. */
export function tccCost(
  manager: TransactionManager,
  actions: TccActions,
): { readonly with: Timed; readonly without: Timed } {
  const timed = (freeze: (id: number) => Promise<void>): Promise<number> =>
    manager.run({ name: 'bench' }, async () => {
      const startMs = performance.now();
      await freeze(randomInt(1, ROWS + 1));
      return performance.now() - startMs;
    });
  return {
    with: () => timed((id) => actions.freezeOrders(id)),
    without: () => timed((id) => actions.freezeBare(id)),
  };
}
