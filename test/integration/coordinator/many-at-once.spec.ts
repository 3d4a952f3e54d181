import type { Coordinator, SessionStore } from '../../../lib/coordinator/index.js';
import { MemorySessionStore, openCoordinator } from '../../../lib/coordinator/index.js';
import { WAITING_REQUESTS_MAX } from '../../../lib/coordinator/worker/limits.js';
import { SessionUnreadableError } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { EmbeddedClient } from '../../../lib/transport/embedded-client.js';
import { until } from '../../support/until.js';
import { begin, register } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { FaultyStore } from './support/faulty-store.js';

const EXHAUSTED = { code: 'DTX_ERR_RESOURCE_EXHAUSTED' };

const coordinators: Coordinator[] = [];

afterEach(async () => {
  await Promise.all(coordinators.splice(0).map((coordinator) => coordinator.close()));
});

async function nodeOn(store: SessionStore): Promise<EmbeddedClient> {
  const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds });
  coordinators.push(coordinator);
  return new EmbeddedClient(coordinator.namespace('default'), () => coordinator.close());
}

describe('Many callers at once', () => {
  it('do not keep transactions from their end, also when they fill every batch', async () => {
    const store = new MemorySessionStore();
    const client = await nodeOn(store);
    await client.attach(new FakeResource('orders'));
    let isRunning = true;
    let committedCount = 0;
    const caller = async (): Promise<void> => {
      while (isRunning) {
        const xid = await begin(client);
        await register(client, xid);
        await client.commit({ xid, waitMs: 0 });
        committedCount += 1;
      }
    };
    const callers = Array.from({ length: 1_500 }, caller);

    await until(() => committedCount > 6_000, 20_000);
    const ended = await store.list({ which: 'ended', countMax: Number.MAX_SAFE_INTEGER });
    isRunning = false;
    await Promise.all(callers);

    expect(ended.length).toBeGreaterThan(committedCount / 3);
  });

  it('are refused beyond what may wait for the store, and leave nothing in memory', async () => {
    const store = new FaultyStore(new MemorySessionStore());
    const client = await nodeOn(store);
    const [coordinator] = coordinators;
    const apply = jest.spyOn(store, 'apply');
    let open = (): void => undefined;
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    // The first one is being written, so the others have to wait.
    const first = begin(client);
    await until(() => apply.mock.calls.length === 1);
    const waiting = Array.from({ length: WAITING_REQUESTS_MAX }, () => begin(client));

    const refused = await Promise.allSettled(Array.from({ length: 50 }, () => begin(client)));
    const refusedRegistration = register(client, systemIds.newXid());

    await expect(refusedRegistration).rejects.toMatchObject(EXHAUSTED);
    expect(refused).toEqual(
      refused.map(() => ({ status: 'rejected', reason: expect.objectContaining(EXHAUSTED) })),
    );
    expect(coordinator?.heldCount).toBe(WAITING_REQUESTS_MAX + 1);
    open();
    await Promise.all([first, ...waiting]);
  });

  it('may register in one transaction at eight nodes in the same moment', async () => {
    const store = new MemorySessionStore({ isShared: true });
    const clients = await Promise.all(Array.from({ length: 8 }, () => nodeOn(store)));
    const xids = await Promise.all(Array.from({ length: 20 }, () => begin(clients[0]!)));

    await Promise.all(xids.flatMap((xid) => clients.map((client) => register(client, xid))));

    const summaries = await Promise.all(xids.map((xid) => clients[7]!.status({ xid })));
    expect(summaries.map(({ branches }) => branches.length)).toEqual(xids.map(() => 8));
  });
});

describe('A record that only a newer version can read', () => {
  it('keeps no other session from being read again after a lost answer', async () => {
    const store = new FaultyStore(new MemorySessionStore());
    const client = await nodeOn(store);
    const poison = systemIds.newXid();
    jest.spyOn(store, 'load').mockImplementation(async (keys) => {
      if (keys.some(({ xid }) => xid === poison)) throw new SessionUnreadableError(poison, 'kind');
      return store.inner.load(keys);
    });
    const orders = new FakeResource('orders');
    await client.attach(orders);
    const xid = await begin(client);
    await register(client, xid);
    await expect(client.commit({ xid: poison, waitMs: 0 })).rejects.toThrow(
      'DTX_ERR_TC_UNREADABLE',
    );
    store.fault = 'loses the answer';
    await expect(client.rollback({ xid, waitMs: 0 })).rejects.toThrow('DTX_ERR_TM_OUTCOME_UNKNOWN');
    store.fault = undefined;

    await until(() => orders.calls.length > 0);

    expect(orders.calls[0]?.direction).toBe('rollback');
  });
});
