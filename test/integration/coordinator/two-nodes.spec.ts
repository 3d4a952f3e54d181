import { MemorySessionStore } from '../../../lib/coordinator/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { begin, register, statusOf } from './support/client.js';
import { TestNode, passFor, recordOf } from './support/test-node.js';

let store: MemorySessionStore;
let one: TestNode;
let two: TestNode;

beforeEach(async () => {
  store = new MemorySessionStore({ isShared: true });
  [one, two] = await Promise.all([TestNode.start(store), TestNode.start(store)]);
});

afterEach(async () => {
  await Promise.all([one.close(), two.close()]);
});

/** Lets time pass for both until the promise is settled, and returns what it comes to. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  const steps = { left: 200 };
  const settle = (): void => {
    steps.left = 0;
  };
  promise.then(settle, settle);
  while (steps.left-- > 0) await passFor([one, two], 50);
  return promise;
}

describe('A transaction that began at one node', () => {
  it('is committed at another one, which drives it from then on', async () => {
    await two.attachOrders();
    const xid = await begin(one.client);
    const branchId = await register(one.client, xid);

    const summary = await settled(two.client.commit({ xid, waitMs: 5_000 }));

    expect(summary.status).toBe('committed');
    expect(two.orders.transcript).toEqual([`commit ${branchId}`]);
    expect(await statusOf(one.client, xid)).toBe('committed');
  });

  it('changes hands with the next epoch and the next version', async () => {
    const xid = await begin(one.client);
    const before = await recordOf(store, xid);

    await register(two.client, xid);

    const after = await recordOf(store, xid);
    expect(after.owner).not.toBe(before.owner);
    expect([before.epoch, after.epoch]).toEqual([1, 2]);
    expect([before.version, after.version]).toEqual([1, 2]);
  });

  it('takes branches at any of them, and the decision comes to all', async () => {
    await one.attachOrders();
    const xid = await begin(one.client);
    const first = await register(two.client, xid);
    const second = await register(one.client, xid);
    const third = await register(two.client, xid);

    const summary = await settled(one.client.rollback({ xid, waitMs: 5_000 }));

    expect(summary.status).toBe('rolled-back');
    expect(one.orders.transcript).toEqual([third, second, first].map((id) => `rollback ${id}`));
  });

  it('is seen as it stands wherever somebody asks', async () => {
    const xid = await begin(one.client);
    const atTwo = [await statusOf(two.client, xid)];

    await one.client.rollback({ xid, waitMs: 0 });

    atTwo.push(await statusOf(two.client, xid));
    expect(atTwo).toEqual(['active', 'rolled-back']);
  });

  it('is seen as it stands also by the node that had it', async () => {
    const xid = await begin(one.client);
    await register(one.client, xid);

    await two.client.commit({ xid, waitMs: 0 });

    expect(await statusOf(one.client, xid)).toBe('committing');
  });

  it('takes no branch at one node behind the decision at another one', async () => {
    const xid = await begin(one.client);
    await two.client.commit({ xid, waitMs: 0 });

    await expect(register(one.client, xid)).rejects.toThrow(
      `[DTX_ERR_TC_NOT_ACTIVE] Global transaction ${xid} is committed`,
    );
  });

  it('takes either the branch or the decision when both come at once', async () => {
    await two.attachOrders();
    const xid = await begin(one.client);
    const branchId = systemIds.newBranchId();

    const [registered] = await Promise.allSettled([
      register(one.client, xid, { branchId }),
      settled(two.client.commit({ xid, waitMs: 5_000 })),
    ]);

    const { branches, status } = await one.client.status({ xid });
    expect(status).toBe('committed');
    expect(branches.map((branch) => branch.branchId)).toEqual(
      registered.status === 'fulfilled' ? [branchId] : [],
    );
  });

  it('has one decision when two nodes are asked for two', async () => {
    const xid = await begin(one.client);
    await register(one.client, xid);

    const answers = await Promise.all([
      settled(one.client.commit({ xid, waitMs: 0 })),
      settled(two.client.rollback({ xid, waitMs: 0 })),
    ]);

    expect(new Set(answers.map(({ status }) => status)).size).toBe(1);
    expect((await recordOf(store, xid)).epoch).toBeLessThanOrEqual(2);
  });

  it('begins with its first branch at whichever node that is registered', async () => {
    const xid = systemIds.newXid();
    const branch = { xid, type: 'AT', resourceId: 'orders', applicationId: 'a' } as const;
    const opening = { name: 'n', applicationId: 'a', timeoutMs: 60_000 };

    await Promise.all([
      one.client.registerBranch({ ...branch, branchId: '7', begin: opening }),
      two.client.registerBranch({ ...branch, branchId: '8', begin: opening }),
    ]);

    const { branches } = await one.client.status({ xid });
    expect(branches.map(({ branchId, seq }) => [branchId, seq])).toEqual([
      ['7', 1],
      ['8', 2],
    ]);
  });

  it('is rolled back in time by the node that has changed it last', async () => {
    const xid = await begin(one.client, 5_000);
    await two.client.setRollbackOnly({ xid, reason: 'r' });

    // The node in which it began is gone.
    await passFor([two], 5_500);

    expect(await two.client.status({ xid })).toMatchObject({
      status: 'rolled-back',
      reason: 'timeout',
    });
  });

  it('may be asked for again at another node: the answers are the same', async () => {
    await one.attachOrders();
    const xid = await begin(one.client);
    const branchId = await register(one.client, xid);
    const first = await settled(one.client.commit({ xid, waitMs: 5_000 }));
    await register(two.client, xid, { branchId });

    const second = await settled(two.client.commit({ xid, waitMs: 5_000 }));

    expect(second).toEqual(first);
    expect(await recordOf(store, xid)).toMatchObject({ epoch: 1 });
  });
});

describe('Whoever waits at another node', () => {
  it('for the rows hears of the commit', async () => {
    const xid = await begin(one.client);
    await register(one.client, xid);
    const release = two.client.awaitRelease({ xid, timeoutMs: 60_000 });
    await passFor([one, two], 100);

    await one.client.commit({ xid, waitMs: 0 });

    expect((await settled(release)).status).toBe('committing');
  });

  it('for the end of a rollback hears of it', async () => {
    const finish = one.orders.holds();
    await one.attachOrders();
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.rollback({ xid, waitMs: 0 });
    let isAnswered = false;
    const rollback = two.client.rollback({ xid, waitMs: 60_000 }).finally(() => {
      isAnswered = true;
    });
    await passFor([one, two], 1_000);
    const answeredBefore = isAnswered;

    finish();

    expect((await settled(rollback)).status).toBe('rolled-back');
    expect(answeredBefore).toBe(false);
  });

  it('is answered with what stands when the time is up', async () => {
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.rollback({ xid, waitMs: 0 });
    const waits = [
      two.client.rollback({ xid, waitMs: 500 }),
      two.client.awaitRelease({ xid, timeoutMs: 500 }),
    ];

    await passFor([two], 550);

    const answers = await Promise.all(waits);
    expect(answers.map(({ status }) => status)).toEqual(['rolling-back', 'rolling-back']);
  });

  it('goes on waiting when the transaction changes hands', async () => {
    const xid = await begin(one.client);
    await register(one.client, xid);
    const release = one.client.awaitRelease({ xid, timeoutMs: 60_000 });
    await passFor([one, two], 100);
    await two.attachOrders();

    await two.client.rollback({ xid, waitMs: 0 });

    expect((await settled(release)).status).toBe('rolled-back');
  });

  it('is answered when the node closes', async () => {
    const xid = await begin(one.client);
    const release = two.client.awaitRelease({ xid, timeoutMs: 60_000 });
    await passFor([two], 100);

    await two.close();
    await passFor([two], 1_000);

    expect((await release).status).toBe('active');
  });
});
