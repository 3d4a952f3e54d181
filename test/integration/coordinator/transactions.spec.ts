import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { until } from '../../support/until.js';
import { begin, register, statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { testFolder } from './support/test-folder.js';

describe('A global transaction at the embedded coordinator', () => {
  const folder = testFolder();
  let client: CoordinatorClient;
  let orders: FakeResource;

  beforeEach(async () => {
    client = await connectEmbedded({ store: folder.path('coordinator.db') });
    orders = new FakeResource('orders');
    await client.attach(orders);
  });

  afterEach(async () => {
    await client.close();
  });

  it('is committed, and its branches are finished behind the answer', async () => {
    const xid = await begin(client);
    const branchId = await register(client, xid, { data: 'opaque' });

    const summary = await client.commit({ xid, waitMs: 0 });

    expect(summary).toMatchObject({ xid, status: 'committing', name: 'place-order' });
    expect(summary.branches).toMatchObject([{ branchId, resourceId: 'orders', seq: 1 }]);
    await until(async () => (await statusOf(client, xid)) === 'committed');
    expect(orders.calls).toEqual([
      { direction: 'commit', targets: [{ xid, branchId, data: 'opaque' }] },
    ]);
  });

  it('can be waited for until its branches are finished', async () => {
    const xid = await begin(client);
    await register(client, xid);

    const summary = await client.commit({ xid, waitMs: 5_000 });

    expect(summary.status).toBe('committed');
  });

  it('is rolled back, and the answer waits until its branches are restored', async () => {
    const xid = await begin(client);
    const branchId = await register(client, xid);

    const summary = await client.rollback({ xid, waitMs: 5_000 });

    expect(summary).toMatchObject({ status: 'rolled-back', reason: 'requested' });
    expect(orders.transcript).toEqual([`rollback ${branchId}`]);
  });

  it('answers "rolling-back" when the wait is over', async () => {
    const release = orders.holds();
    const xid = await begin(client);
    await register(client, xid);

    const summary = await client.rollback({ xid, waitMs: 20 });

    expect(summary.status).toBe('rolling-back');
    release();
    await until(async () => (await statusOf(client, xid)) === 'rolled-back');
  });

  it('without a branch ends with its decision', async () => {
    const committed = await begin(client);
    const rolledBack = await begin(client);

    const commit = await client.commit({ xid: committed, waitMs: 0 });
    const rollback = await client.rollback({ xid: rolledBack, waitMs: 0 });

    expect([commit.status, rollback.status]).toEqual(['committed', 'rolled-back']);
  });

  it('does not call branches that were rolled back locally', async () => {
    const xid = await begin(client);
    const kept = await register(client, xid);
    const abandoned = await register(client, xid);
    await client.abandonBranch({ xid, branchId: abandoned, reason: 'constraint violated' });

    const summary = await client.commit({ xid, waitMs: 5_000 });

    expect(summary.status).toBe('committed');
    expect(orders.transcript).toEqual([`commit ${kept}`]);
  });

  it('that is rollback-only is not committed', async () => {
    const xid = await begin(client);
    await register(client, xid);
    await client.setRollbackOnly({ xid, reason: 'stock refused' });

    const summary = await client.commit({ xid, waitMs: 5_000 });

    expect(summary).toMatchObject({
      status: 'rolled-back',
      reason: 'rollback-only',
      rollbackOnly: 'stock refused',
    });
  });

  it('takes no branch behind its decision', async () => {
    const xid = await begin(client);
    await register(client, xid);
    await client.commit({ xid, waitMs: 5_000 });

    await expect(register(client, xid)).rejects.toThrow(
      `[DTX_ERR_TC_NOT_ACTIVE] Global transaction ${xid} is committed`,
    );
  });

  it('answers a repeated registration as the first one, also when all is over', async () => {
    const xid = await begin(client);
    const branchId = await register(client, xid);
    await client.rollback({ xid, waitMs: 5_000 });

    await expect(register(client, xid, { branchId })).resolves.toBe(branchId);

    expect((await client.status({ xid })).branches).toMatchObject([{ branchId, status: 'done' }]);
    expect(orders.calls).toHaveLength(1);
  });

  it('may begin with its first branch', async () => {
    const xid = systemIds.newXid();
    const request = { xid, type: 'AT', resourceId: 'orders', applicationId: 'a' } as const;
    const opening = { name: 'first', applicationId: 'order-service', timeoutMs: 1_000 };
    await client.registerBranch({ ...request, branchId: '7', begin: opening });
    await client.registerBranch({ ...request, branchId: '8', begin: opening });

    const summary = await client.commit({ xid, waitMs: 5_000 });

    expect(summary).toMatchObject({ status: 'committed', name: 'first' });
    expect(orders.transcript).toEqual(['commit 7', 'commit 8']);
  });

  it('tells what phase two has answered, as long as its record is kept', async () => {
    orders.answers({ kind: 'done', result: 'shipped' });
    const xid = await begin(client);
    await register(client, xid);

    const { branches } = await client.commit({ xid, waitMs: 5_000 });

    expect(branches).toMatchObject([{ status: 'done', result: 'shipped' }]);
  });

  it('takes either the branch or the decision when they come at once', async () => {
    const xid = await begin(client);
    const late = systemIds.newBranchId();

    const [registered, committed] = await Promise.allSettled([
      client.commit({ xid, waitMs: 0 }),
      register(client, xid, { branchId: late }),
    ]).then(([commit, branch]) => [branch, commit] as const);

    expect(committed.status).toBe('fulfilled');
    expect(registered.status).toBe('rejected');
    expect(orders.calls).toHaveLength(0);
  });

  it('that is unknown is absent, and nothing can join it', async () => {
    const xid = systemIds.newXid();

    expect(await client.status({ xid })).toEqual({ xid, status: 'absent', branches: [] });
    expect((await client.commit({ xid, waitMs: 10 })).status).toBe('absent');
    expect((await client.rollback({ xid, waitMs: 10 })).status).toBe('absent');
    expect((await client.awaitRelease({ xid, timeoutMs: 10 })).status).toBe('absent');
    await expect(register(client, xid)).rejects.toThrow('same store file');
    await expect(client.setRollbackOnly({ xid, reason: 'r' })).rejects.toThrow(
      'DTX_ERR_TC_NOT_ACTIVE',
    );
    await client.abandonBranch({ xid, branchId: '7', reason: 'r' });
  });

  it('has one decision when commit and rollback come at once', async () => {
    const xid = await begin(client);
    await register(client, xid);

    const answers = await Promise.all([
      client.commit({ xid, waitMs: 5_000 }),
      client.rollback({ xid, waitMs: 5_000 }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual(['committed', 'committed']);
    expect(orders.calls.map(({ direction }) => direction)).toEqual(['commit']);
  });

  it('may be asked for anything twice', async () => {
    const xid = systemIds.newXid();
    const request = { xid, name: 'n', applicationId: 'a', timeoutMs: 1_000 };
    await Promise.all([client.begin(request), client.begin(request)]);
    const branchId = await register(client, xid);
    await register(client, xid, { branchId });
    const first = await client.rollback({ xid, waitMs: 5_000 });
    await client.begin(request);

    const second = await client.rollback({ xid, waitMs: 5_000 });

    expect(second).toEqual(first);
    expect(orders.transcript).toEqual([`rollback ${branchId}`]);
  });

  it.each([
    ['an xid', { xid: "'; drop table" }, 'DTX_ERR_BAD_XID'],
    ['a time', { timeoutMs: 0 }, 'timeoutMs is 0. Give whole milliseconds, 1 to 86400000.'],
    ['a time in fractions', { timeoutMs: 1.5 }, 'timeoutMs is 1.5.'],
  ])('refuses %s that cannot be', async (_what, wrong, message) => {
    const request = { xid: 'x', name: 'n', applicationId: 'a', timeoutMs: 1_000, ...wrong };

    await expect(client.begin(request)).rejects.toThrow(message);
  });

  it.each([0, 1.5, -1])('refuses to begin with its first branch and a time of %s', async (ms) => {
    const xid = systemIds.newXid();
    const request = {
      xid,
      branchId: '7',
      type: 'AT',
      resourceId: 'r',
      applicationId: 'a',
    } as const;
    const opening = { name: 'n', applicationId: 'a', timeoutMs: ms };

    await expect(client.registerBranch({ ...request, begin: opening })).rejects.toThrow(
      `timeoutMs is ${String(ms)}. Give whole milliseconds`,
    );
    expect(await statusOf(client, xid)).toBe('absent');
  });

  it('refuses a branch id that is no 63-bit number', async () => {
    const xid = await begin(client);

    await expect(register(client, xid, { branchId: '9223372036854775808' })).rejects.toThrow(
      'branchId is "9223372036854775808"',
    );
  });
});
