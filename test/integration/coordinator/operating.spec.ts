import { MemorySessionStore } from '../../../lib/coordinator/index.js';
import type { GlobalSummary, OperatorAction } from '../../../lib/protocol/index.js';
import { begin, register, statusOf } from './support/client.js';
import { TestNode, passFor, recordOf } from './support/test-node.js';

const DIRTY = { kind: 'cannot', error: 'row 7 of stock was changed by somebody else' } as const;
const BUSY = { kind: 'retry', error: 'the database is down' } as const;

let store: MemorySessionStore;
let one: TestNode;
let two: TestNode;

async function start(isShared: boolean): Promise<void> {
  store = new MemorySessionStore({ isShared });
  [one, two] = await Promise.all([TestNode.start(store), TestNode.start(store)]);
  await one.attachOrders();
}

afterEach(async () => {
  await Promise.all([one.close(), two.close()]);
});

const pass = (ms: number): Promise<void> => passFor([one, two], ms);

const operate = (node: TestNode, action: OperatorAction, xid: string): Promise<GlobalSummary> =>
  node.namespace.operate({ xid, action });

/** A decided transaction whose branch answers so. */
async function decided(answer: typeof DIRTY | typeof BUSY): Promise<string> {
  one.orders.answers(answer);
  const xid = await begin(one.client);
  await register(one.client, xid);
  await one.client.rollback({ xid, waitMs: 0 });
  await pass(100);
  return xid;
}

describe('A transaction that is left to a person', () => {
  beforeEach(() => start(false));

  it('is not kept in memory', async () => {
    const xid = await decided(DIRTY);
    const loadsBefore = one.store.loadCount;

    const { branches } = await one.client.status({ xid });

    expect(branches).toMatchObject([{ status: 'needs-attention', lastError: DIRTY.error }]);
    expect(one.store.loadCount).toBe(loadsBefore + 1);
  });

  it('is kept in memory as long as it is tried', async () => {
    const xid = await decided(BUSY);
    const loadsBefore = one.store.loadCount;

    await one.client.status({ xid });

    expect(one.store.loadCount).toBe(loadsBefore);
  });

  it('is finished when a retry is ordered and succeeds', async () => {
    const xid = await decided(DIRTY);
    one.orders.answers({ kind: 'done' });

    await operate(one, 'retry', xid);
    await pass(100);

    expect(await statusOf(one.client, xid)).toBe('rolled-back');
    expect(one.orders.calls).toHaveLength(2);
  });

  it('is left to a person again when the retry fails for good', async () => {
    const xid = await decided(DIRTY);

    await operate(one, 'retry', xid);
    await pass(600_000);

    expect(await one.client.status({ xid })).toMatchObject({
      status: 'rolling-back',
      branches: [{ status: 'needs-attention', attempts: 1 }],
    });
    expect(one.orders.calls).toHaveLength(2);
  });

  it('ends when a person accepts it as it is', async () => {
    const xid = await decided(DIRTY);

    await operate(one, 'accept', xid);
    await pass(100);

    expect(await one.client.status({ xid })).toMatchObject({
      status: 'rolled-back',
      branches: [{ status: 'accepted', lastError: DIRTY.error }],
    });
    expect(one.orders.calls).toHaveLength(1);
  });

  it('is answered about when its end is waited for, and the wait is over', async () => {
    const xid = await decided(DIRTY);
    const rollback = one.client.rollback({ xid, waitMs: 60_000 });
    await pass(1_000);

    await operate(one, 'accept', xid);
    await pass(1_000);

    expect((await rollback).status).toBe('rolled-back');
  });
});

describe('A transaction that is tried again and again', () => {
  beforeEach(() => start(false));

  it('is tried at once when a person says so, without waiting for its pause', async () => {
    const xid = await decided(BUSY);
    await pass(120_000);
    const callsBefore = one.orders.calls.length;

    await operate(one, 'retry', xid);
    await pass(50);

    expect(one.orders.calls).toHaveLength(callsBefore + 1);
  });

  it('begins to count and to pause anew', async () => {
    const xid = await decided(BUSY);
    await pass(120_000);

    await operate(one, 'retry', xid);
    const callsBefore = one.orders.calls.length;
    await pass(1_000);

    // At once, and after pauses of at most 100, 200 and 400 ms.
    expect(one.orders.calls.length - callsBefore).toBeGreaterThanOrEqual(4);
    const [branch] = (await one.client.status({ xid })).branches;
    expect(branch?.attempts).toBeLessThan(10);
  });

  it('is tried no more when a person stops it', async () => {
    const xid = await decided(BUSY);

    const { branches } = await operate(one, 'stop', xid);
    await pass(0);
    const callsBefore = one.orders.calls.length;
    await pass(600_000);

    expect(branches).toMatchObject([{ status: 'needs-attention' }]);
    expect(one.orders.calls).toHaveLength(callsBefore);
    expect(await statusOf(one.client, xid)).toBe('rolling-back');
  });

  it('is rolled back from the last branch to the first again when all are retried', async () => {
    const xid = await begin(one.client);
    await register(one.client, xid, { branchId: '1' });
    await register(one.client, xid, { branchId: '2' });
    one.orders.answersBy(({ targets }) =>
      Promise.resolve(targets.map(({ branchId }) => (branchId === '2' ? DIRTY : BUSY))),
    );
    await one.client.rollback({ xid, waitMs: 0 });
    await pass(500);
    one.orders.calls.length = 0;
    one.orders.answers({ kind: 'done' });

    await operate(one, 'retry', xid);
    await pass(100);

    expect(one.orders.transcript).toEqual(['rollback 2', 'rollback 1']);
    expect(await statusOf(one.client, xid)).toBe('rolled-back');
  });

  it('goes on to the branch before when the last one is reported as rolled back', async () => {
    const xid = await begin(one.client);
    await register(one.client, xid, { branchId: '1' });
    await register(one.client, xid, { branchId: '2', resourceId: 'nobody is here' });
    await one.client.rollback({ xid, waitMs: 0 });
    await pass(100);

    await one.client.abandonBranch({ xid, branchId: '2', reason: 'its connection was lost' });
    await pass(100);

    expect(one.orders.transcript).toEqual(['rollback 1']);
    expect(await statusOf(one.client, xid)).toBe('rolled-back');
  });

  it('ends when the call that was under way at the stop has succeeded', async () => {
    const finish = one.orders.holds();
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.rollback({ xid, waitMs: 0 });
    await pass(100);
    await operate(one, 'stop', xid);

    finish();
    await pass(2_000);

    expect(await statusOf(one.client, xid)).toBe('rolled-back');
  });
});

describe('Patience', () => {
  const FAILED = { kind: 'retry', error: 'the database is down' } as const;

  it('ends after as many failed calls as it has', async () => {
    store = new MemorySessionStore();
    const patience = { attemptsMax: 3 };
    [one, two] = await Promise.all([TestNode.start(store, { patience }), TestNode.start(store)]);
    await one.attachOrders();
    const xid = await decided(FAILED);

    await pass(600_000);

    expect(one.orders.calls).toHaveLength(3);
    expect((await recordOf(store, xid)).branches).toMatchObject([
      { status: 'needs-attention', attempts: 3, lastError: FAILED.error },
    ]);
  });

  it('ends after its time, also where no resource is there to be called', async () => {
    store = new MemorySessionStore();
    const patience = { ageMsMax: 60_000 };
    [one, two] = await Promise.all([TestNode.start(store, { patience }), TestNode.start(store)]);
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    await pass(59_000);
    const before = await recordOf(store, xid);

    await pass(6_500);

    expect(before.branches[0]?.status).toBe('registered');
    expect((await recordOf(store, xid)).branches[0]).toMatchObject({
      status: 'needs-attention',
      lastError: 'not finished within 60000 ms: no more is tried',
    });
  });
});

describe('An order at another node', () => {
  beforeEach(() => start(true));

  it('has a transaction tried again there that was left to a person', async () => {
    const xid = await decided(DIRTY);
    await two.attachOrders();

    await operate(two, 'retry', xid);
    await pass(100);

    expect(await statusOf(one.client, xid)).toBe('rolled-back');
    expect([one.orders.calls.length, two.orders.calls.length]).toEqual([1, 1]);
  });

  it('to accept ends it', async () => {
    const xid = await decided(DIRTY);

    await operate(two, 'accept', xid);
    await pass(100);

    expect(await statusOf(one.client, xid)).toBe('rolled-back');
  });

  it('to stop reaches the node that goes on trying', async () => {
    const xid = await decided(BUSY);

    await operate(two, 'stop', xid);
    await pass(60_000);
    const callsBefore = one.orders.calls.length;
    await pass(600_000);

    expect(one.orders.calls).toHaveLength(callsBefore);
    expect((await recordOf(store, xid)).branches[0]?.status).toBe('needs-attention');
  });
});
