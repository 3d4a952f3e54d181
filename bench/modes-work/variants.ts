import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { LockConflictError } from 'nestjs-dtx';
import type { TransactionManager } from 'nestjs-dtx';

import type { Variant } from '../support/block.js';
import type { Pools } from './databases.js';
import { ROWS } from './databases.js';
import { localTransaction, UPDATE_APART, UPDATE_CAPTURED } from './local-transaction.js';
import type { TccActions } from './tcc-actions.js';

export type Mode = 'plain' | 'at' | 'tcc' | 'xa';

/** What has happened beside the operations that count. */
export interface Incidents {
  lockConflicts: number;
  failures: number;
  firstFailure: unknown;
}

export interface Setup {
  readonly manager: TransactionManager;
  /** The driver as it is. */
  readonly plain: Pools;
  readonly at: Pools;
  readonly xa: Pools;
  readonly tcc: TccActions;
  readonly incidents: Incidents;
}

/** How often a block looks whether its phase two is over: not so often that the look costs. */
const LOOK_EVERY_MS = 2;

/** A transaction writes one row in each of the databases. */
export function variantsOf(setup: Setup): Readonly<Record<Mode, Variant>> {
  const { at, plain, tcc, xa } = setup;
  const settle = async (question: string): Promise<void> => {
    for (const pool of [plain.orders, plain.wallet]) {
      while ((await pool.query(question)).rowCount !== 0) await sleep(LOOK_EVERY_MS);
    }
  };
  return {
    plain: { name: 'plain', run: () => inBoth(plain, UPDATE_APART) },
    at: {
      name: 'at',
      run: () => untilCommitted(setup, () => inBoth(at, UPDATE_CAPTURED)),
      settle: () => settle('SELECT 1 FROM dtx.undo_row LIMIT 1'),
    },
    // Its commit waits for the confirms, so nothing is left behind.
    tcc: {
      name: 'tcc',
      run: () =>
        untilCommitted(setup, async () => {
          await tcc.freezeOrders(anyRow());
          await tcc.freezeWallet(anyRow());
        }),
    },
    xa: {
      name: 'xa',
      run: () => untilCommitted(setup, () => inBoth(xa, UPDATE_APART)),
      settle: () => settle('SELECT 1 FROM pg_prepared_xacts LIMIT 1'),
    },
  };
}

async function inBoth({ orders, wallet }: Pools, text: string): Promise<void> {
  await localTransaction(orders, text, anyRow());
  await localTransaction(wallet, text, anyRow());
}

/** Only what is committed counts, so whoever meets a conflict begins again. */
async function untilCommitted(
  { incidents, manager }: Setup,
  work: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      await manager.run({ name: 'bench' }, work);
      return;
    } catch (error) {
      if (error instanceof LockConflictError) {
        incidents.lockConflicts += 1;
        continue;
      }
      incidents.failures += 1;
      incidents.firstFailure ??= error;
      return;
    }
  }
}

const anyRow = (): number => randomInt(1, ROWS + 1);
