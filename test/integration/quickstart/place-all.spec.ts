import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { OrderLine } from '../../../sample/01-quickstart/orders-file.js';
import { type Load, placeAll } from '../../../sample/01-quickstart/place-all.js';
import { ProgressLine } from '../../../sample/01-quickstart/progress.js';
import { RunFolder } from '../../../sample/01-quickstart/run-folder.js';
import type { Chaos } from '../../../sample/support/chaos.js';
import { accept, type Reaction, refuse, ScriptedOrderService, vanish } from './order-service.js';
import { createRunDatabases, type RunDatabases } from './run-databases.js';

const ORDERS = ['A1', 'A2', 'A3'].map((order): OrderLine => ({
  ...{ order, customer: 'ann', product: 'tea', quantity: 1, amountCents: 450, note: '' },
}));

describe('placing all orders', () => {
  let path: string;
  let folder: RunFolder;
  let databases: RunDatabases;
  let service: ScriptedOrderService;
  let outcomes: Map<string, string>;

  const place = async (
    script: readonly Reaction[],
    more: { startChaos?: () => Chaos; signal?: AbortSignal } = {},
  ): Promise<Load | undefined> => {
    service = new ScriptedOrderService(...script);
    return placeAll(ORDERS, {
      ...{ url: await service.listen(), concurrency: 1, signal: new AbortController().signal },
      ...{ folder, outcomes, pools: databases.pools },
      progress: new ProgressLine({ isTTY: false, write: () => true }),
      ...more,
    });
  };

  /** Commits, and is killed before it has answered. */
  const commitAndVanish: Reaction = async (order, response) => {
    await databases.pools.orders.query('INSERT INTO orders VALUES ($1)', [order]);
    await vanish(order, response);
  };

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'dtx-place-all-'));
    folder = new RunFolder(path);
    databases = await createRunDatabases();
    outcomes = new Map();
  });

  afterEach(async () => {
    await service.close();
    await databases.drop();
    await rm(path, { recursive: true, force: true });
  });

  it('finds out what became of lost answers, and places again what was rolled back', async () => {
    const load = await place([
      ...[commitAndVanish, vanish, accept],
      refuse(409, { code: 'OUT_OF_STOCK' }),
    ]);

    expect(load).toMatchObject({ placed: 4, lost: { committed: 1, rolledBack: 1 } });
    expect(service.seen).toEqual(['A1', 'A2', 'A3', 'A2']);
    expect(Object.fromEntries(outcomes)).toEqual({
      A1: 'COMMITTED',
      A2: 'OUT_OF_STOCK',
      A3: 'COMMITTED',
    });
  });

  it('gives up when answers are lost again and again', async () => {
    await expect(place([vanish])).rejects.toThrow('The answers to some orders were lost 4 times.');
  });

  it('lets processes be killed in the first round, and in no other', async () => {
    const calls: string[] = [];
    const chaos = {
      pace: async (share: number) => void calls.push(`pace ${share.toFixed(2)}`),
      stop: async () => void calls.push('stop'),
    } as unknown as Chaos;
    await place([vanish, accept], { startChaos: () => chaos });

    expect(calls).toEqual(['pace 0.00', 'pace 0.33', 'pace 0.67', 'stop']);
    expect(outcomes.size).toBe(3);
  });

  it('has no result when it is stopped', async () => {
    const stop = new AbortController();
    const stopAndAccept: Reaction = (order, response) => {
      stop.abort();
      return accept(order, response);
    };

    expect(await place([stopAndAccept], { signal: stop.signal })).toBeUndefined();
    expect([...outcomes.keys()]).toEqual(['A1']);
  });
});
