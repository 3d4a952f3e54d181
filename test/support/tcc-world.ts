import type { BranchHandler, CoordinatorClient } from '../../lib/protocol/index.js';
import type { DtxResource, ResourceHost } from '../../lib/resource/index.js';
import { resourceOf } from '../../lib/resource/index.js';
import type { TccContext } from '../../lib/resource/tcc/index.js';
import { TccResource } from '../../lib/resource/tcc/index.js';
import { systemClock, systemIds } from '../../lib/system/index.js';
import { TransactionManager } from '../../lib/transaction/index.js';
import { connectEmbedded } from '../../lib/transport/index.js';
import type { TccDatabase } from './tcc-databases.js';

/** The methods of an action that takes from an account: it freezes first. */
export interface FreezeMethods {
  confirm(context: TccContext): Promise<void>;
  cancel(context: TccContext): Promise<void>;
}

/** One database, an embedded coordinator in memory, and the TCC action `account.freeze`. */
export interface TccWorld {
  readonly database: TccDatabase;
  readonly manager: TransactionManager;
  readonly client: CoordinatorClient;
  readonly action: TccResource;
  readonly handler: BranchHandler;
  /** Methods that were called, in their order. */
  readonly calls: string[];
  readonly methods: FreezeMethods;
  /** Calls the try. */
  freeze(amount: number, work?: () => Promise<void>): Promise<unknown>;
  /** `[balance, frozen]` of the account. */
  account(): Promise<readonly number[]>;
  /** States of the fence rows. */
  fences(): Promise<readonly number[]>;
  close(): Promise<void>;
}

const DEFINITION = {
  name: 'account.freeze',
  confirm: 'confirm',
  cancel: 'cancel',
  params: [{ index: 0, name: 'amount' }],
} as const;

export async function openTccWorld(database: TccDatabase): Promise<TccWorld> {
  const client = await connectEmbedded({ store: ':memory:' });
  const silent = (): undefined => undefined;
  const log = { info: silent, warn: silent, error: silent, debug: silent };
  const host: ResourceHost = {
    client,
    clock: systemClock,
    ids: systemIds,
    applicationId: 'bank',
    log,
  };
  const resource = resourceOf(database.source) as DtxResource;
  await resource.start(host);
  const calls: string[] = [];
  const methods: FreezeMethods = {
    confirm: async ({ params }) => {
      calls.push('confirm');
      const amount = Number(params['amount']);
      await database.run(
        `UPDATE tcc_account SET balance = balance - ${String(amount)}, frozen = frozen - ` +
          `${String(amount)} WHERE id = 1`,
      );
    },
    cancel: async ({ params }) => {
      calls.push('cancel');
      const amount = String(Number(params['amount']));
      await database.run(`UPDATE tcc_account SET frozen = frozen - ${amount} WHERE id = 1`);
    },
  };
  const fences = await resource.fences?.();
  if (fences === undefined) throw new Error('The resource has no fences.');
  const resourceId = resource.resourceIdFor('bank');
  const action = new TccResource({
    definition: DEFINITION,
    target: () => Promise.resolve(methods),
    guard: { resource, resourceId, fences },
  });
  await action.start(host);
  const manager = new TransactionManager({
    client,
    clock: systemClock,
    ids: systemIds,
    applicationId: 'bank',
    log,
  });
  const work = (amount: number) => async (): Promise<void> => {
    calls.push('try');
    await database.run(`UPDATE tcc_account SET frozen = frozen + ${String(amount)} WHERE id = 1`);
  };
  return {
    database,
    manager,
    client,
    action,
    handler: action,
    calls,
    methods,
    freeze: (amount, body = work(amount)) => action.runTry([amount], body),
    account: async () => {
      const [row] = await database.rows('SELECT balance, frozen FROM tcc_account WHERE id = 1');
      return [Number(row?.['balance']), Number(row?.['frozen'])];
    },
    fences: async () => {
      const rows = await database.rows(`SELECT state AS state FROM ${database.fenceTable}`);
      return rows.map((row) => Number(row['state']));
    },
    close: async () => {
      await action.stop();
      await resource.stop();
      await client.close();
      await database.close();
    },
  };
}
