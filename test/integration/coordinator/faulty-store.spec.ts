import type { Coordinator, NamespaceCoordinator } from '../../../lib/coordinator/index.js';
import { openCoordinator, openSqliteStore } from '../../../lib/coordinator/index.js';
import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { EmbeddedClient } from '../../../lib/transport/embedded-client.js';
import { begin, register, statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { FaultyStore } from './support/faulty-store.js';
import { ManualClock } from './support/manual-clock.js';

describe('When the store goes wrong', () => {
  let store: FaultyStore;
  let clock: ManualClock;
  let coordinator: Coordinator;
  let namespace: NamespaceCoordinator;
  let client: CoordinatorClient;
  let orders: FakeResource;

  beforeEach(async () => {
    store = new FaultyStore(await openSqliteStore(':memory:'));
    clock = new ManualClock();
    coordinator = await openCoordinator({ store, clock, ids: systemIds });
    namespace = coordinator.namespace('default');
    client = new EmbeddedClient(namespace, () => coordinator.close());
    orders = new FakeResource('orders');
    await client.attach(orders);
  });

  afterEach(async () => {
    store.fault = undefined;
    await client.close();
  });

  it('a new transaction is refused before it is accepted', async () => {
    store.fault = 'fails';

    await expect(begin(client)).rejects.toThrow(
      "[DTX_ERR_TC_STORE] The coordinator's store :memory: cannot be used: the store fails.",
    );
  });

  it('a refused transaction leaves nothing behind', async () => {
    const xid = systemIds.newXid();
    const request = { xid, name: 'n', applicationId: 'a', timeoutMs: 1_000 };
    store.fault = 'fails';
    await expect(client.begin(request)).rejects.toThrow('DTX_ERR_TC_STORE');
    store.fault = undefined;
    await clock.pass(5_000);

    expect(await statusOf(client, xid)).toBe('absent');
  });

  it('a decision that was not written is not made, and can be asked for again', async () => {
    const xid = await begin(client);
    await register(client, xid);
    store.fault = 'fails';
    const failed = client.commit({ xid, waitMs: 0 });
    await expect(failed).rejects.toThrow('DTX_ERR_TC_STORE');
    const standsAfterwards = await statusOf(client, xid);
    store.fault = undefined;

    const again = await client.commit({ xid, waitMs: 0 });

    expect(standsAfterwards).toBe('active');
    expect(again.status).toBe('committing');
    expect(orders.calls).toHaveLength(0);
  });

  it.each([
    ['fails', 'fails', false],
    ['loses the request', 'loses the request', false],
    ['loses the answer', 'loses the answer', false],
    ['is well', undefined, true],
  ] as const)(
    'a commit is foretold, and the word follows whether it is durable: a store that %s',
    async (_, fault, isDurable) => {
      const xid = await begin(client);
      await register(client, xid);
      const release = client.awaitRelease({ xid, timeoutMs: 60_000, mayBeForetold: true });
      await clock.pass(0);
      store.fault = fault;

      await client.commit({ xid, waitMs: 0 }).catch(() => undefined);

      const { durable, status } = await release;
      expect([status, await durable]).toEqual(['committing', isDurable]);
    },
  );

  it('a commit is foretold to whoever asks while it is being written', async () => {
    const xid = await begin(client);
    await register(client, xid);
    const first = client.awaitRelease({ xid, timeoutMs: 60_000, mayBeForetold: true });
    await clock.pass(0);
    let open = (): void => undefined;
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const commit = client.commit({ xid, waitMs: 0 });
    await first;

    const late = await client.awaitRelease({ xid, timeoutMs: 60_000, mayBeForetold: true });
    open();
    await commit;

    expect([late.status, await late.durable]).toEqual(['committing', true]);
  });

  it('a commit is foretold to nobody who may hold a connection that the store needs', async () => {
    store.borrowsConnections = true;
    const xid = await begin(client);
    await register(client, xid);
    const release = client.awaitRelease({ xid, timeoutMs: 60_000, mayBeForetold: true });
    await clock.pass(0);

    await client.commit({ xid, waitMs: 0 });

    expect(await release).toEqual(expect.objectContaining({ status: 'committing' }));
    expect(await release).not.toHaveProperty('durable');
  });

  it('a commit is foretold anew after one that did not become durable', async () => {
    const xid = await begin(client);
    await register(client, xid);
    const release = client.awaitRelease({ xid, timeoutMs: 60_000, mayBeForetold: true });
    await clock.pass(0);
    store.fault = 'fails';
    await client.commit({ xid, waitMs: 0 }).catch(() => undefined);
    await release;
    store.fault = undefined;
    await clock.pass(5_000);
    const again = client.awaitRelease({ xid, timeoutMs: 60_000, mayBeForetold: true });
    await clock.pass(0);

    await client.commit({ xid, waitMs: 0 });

    const { durable, status } = await again;
    expect([status, await durable]).toEqual(['committing', true]);
  });

  it.each(['loses the request', 'loses the answer'] as const)(
    'a store that %s makes the outcome unknown, with the xid to ask for',
    async (fault) => {
      const xid = await begin(client);
      await register(client, xid);
      store.fault = fault;

      const commit = client.commit({ xid, waitMs: 0 });

      await expect(commit).rejects.toMatchObject({
        code: 'DTX_ERR_TM_OUTCOME_UNKNOWN',
        xid,
        message: expect.stringContaining(`"commit" of global transaction ${xid}`) as string,
      });
    },
  );

  it('nothing is driven before the decision is known to be durable', async () => {
    const xid = await begin(client);
    await register(client, xid);
    store.fault = 'loses the answer';
    store.loadFails = true;
    await client.commit({ xid, waitMs: 0 }).catch(() => undefined);
    await clock.pass(60_000);

    const callsBefore = orders.calls.length;
    store.fault = undefined;
    store.loadFails = false;
    await clock.pass(60_000);

    expect(callsBefore).toBe(0);
    expect(orders.calls.map(({ direction }) => direction)).toEqual(['commit']);
    expect(await statusOf(client, xid)).toBe('committed');
  });

  it('a lost answer is resolved by reading: what was decided is carried out', async () => {
    const xid = await begin(client);
    await register(client, xid);
    store.fault = 'loses the answer';
    await client.commit({ xid, waitMs: 0 }).catch(() => undefined);
    store.fault = undefined;

    await clock.pass(1_000);

    expect(await statusOf(client, xid)).toBe('committed');
  });

  it('a lost request is resolved by reading: the timeout decides', async () => {
    const xid = await begin(client, 5_000);
    await register(client, xid);
    store.fault = 'loses the request';
    await client.commit({ xid, waitMs: 0 }).catch(() => undefined);
    store.fault = undefined;
    await clock.pass(1_000);
    const before = await statusOf(client, xid);

    await clock.pass(5_000);

    expect(before).toBe('active');
    expect(await client.status({ xid })).toMatchObject({
      status: 'rolled-back',
      reason: 'timeout',
    });
  });

  it('a transaction whose begin was written unnoticed is rolled back when it is due', async () => {
    const xid = systemIds.newXid();
    store.fault = 'loses the answer';
    const begun = client.begin({ xid, name: 'n', applicationId: 'a', timeoutMs: 5_000 });
    await expect(begun).rejects.toThrow('DTX_ERR_TM_OUTCOME_UNKNOWN');
    store.fault = undefined;
    await clock.pass(1_000);
    const before = await statusOf(client, xid);

    await clock.pass(5_000);

    expect([before, await statusOf(client, xid)]).toEqual(['active', 'rolled-back']);
  });

  it('the answer to the same question is the truth', async () => {
    const xid = await begin(client);
    await register(client, xid);
    store.fault = 'loses the answer';
    await client.rollback({ xid, waitMs: 0 }).catch(() => undefined);
    store.fault = undefined;

    const again = await client.commit({ xid, waitMs: 0 });

    expect(again.status).toBe('rolling-back');
  });

  it('a branch whose registration was lost is not joined to what comes next', async () => {
    const xid = await begin(client);
    store.fault = 'fails';
    await expect(register(client, xid)).rejects.toThrow('DTX_ERR_TC_STORE');
    store.fault = undefined;

    const summary = await client.commit({ xid, waitMs: 0 });

    expect(summary).toMatchObject({ status: 'committed', branches: [] });
  });

  it('a branch that was not written is not driven by a decision of the same write', async () => {
    const xid = await begin(client);
    store.failingKind = 'add-branch';

    const [registered, committed] = await Promise.allSettled([
      register(client, xid),
      client.commit({ xid, waitMs: 0 }),
    ]);

    expect([registered.status, committed.status]).toEqual(['rejected', 'fulfilled']);
    store.failingKind = undefined;
    await clock.pass(1_000);
    expect(await statusOf(client, xid)).toBe('committed');
    expect(orders.calls).toHaveLength(0);
  });

  it('decided work is finished when the store is well again, without going round', async () => {
    const xid = await begin(client);
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });
    store.fault = 'fails';
    await clock.pass(60_000);
    const callsMeanwhile = orders.calls.length;
    store.fault = undefined;

    await clock.pass(10_000);

    expect(await statusOf(client, xid)).toBe('committed');
    expect(callsMeanwhile).toBeLessThan(40);
  });

  it('an open transaction survives a time in which nothing can be written', async () => {
    const xid = await begin(client, 600_000);
    const branchId = await register(client, xid);
    store.fault = 'fails';
    await client.setRollbackOnly({ xid, reason: 'r' }).catch(() => undefined);
    await clock.pass(60_000);
    store.fault = undefined;

    const summary = await client.commit({ xid, waitMs: 0 });

    expect(summary).toMatchObject({ status: 'committing', branches: [{ branchId }] });
  });

  it('a slow write does not make those wait longer who wait for the next one', async () => {
    const finish = orders.holds();
    const xid = await begin(client);
    await register(client, xid);
    await client.rollback({ xid, waitMs: 0 });
    const release = client.awaitRelease({ xid, timeoutMs: 60_000 });
    let open = (): void => undefined;
    store.gate = new Promise((resolve) => (open = resolve));
    const other = begin(client);
    await clock.pass(0);
    // The outcome comes while the write of the other transaction is under way.
    finish();
    await clock.pass(0);

    open();
    await other;

    expect((await release).status).toBe('rolled-back');
  });

  it('more requests than can wait are refused, and the others are served', async () => {
    const xids = Array.from({ length: 10_001 }, () => systemIds.newXid());
    const results = await Promise.allSettled(
      xids.map((xid) => client.begin({ xid, name: 'n', applicationId: 'a', timeoutMs: 1_000 })),
    );

    const refused = results.filter(({ status }) => status === 'rejected');
    const place = results.findIndex(({ status }) => status === 'rejected');
    expect(await statusOf(client, xids[place]!)).toBe('absent');
    expect(refused).toMatchObject([
      { reason: { code: 'DTX_ERR_RESOURCE_EXHAUSTED', max: 10_000 } },
    ]);
  });
});
