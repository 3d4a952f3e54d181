import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { until } from '../../support/until.js';
import { begin, register, statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { ManualClock, closeLate } from './support/manual-clock.js';
import { RecordingLog } from './support/recording-log.js';

const BUSY = { kind: 'retry', error: 'the database is down' } as const;
const DIRTY = { kind: 'cannot', error: 'row 7 of stock was changed by somebody else' } as const;

describe('Phase two', () => {
  let client: CoordinatorClient;
  let clock: ManualClock;
  let log: RecordingLog;

  beforeEach(async () => {
    clock = new ManualClock();
    log = new RecordingLog();
    client = await connectEmbedded({ store: ':memory:', clock, log });
  });

  afterEach(async () => {
    await closeLate(client, clock);
  });

  async function attach(resourceId: string): Promise<FakeResource> {
    const resource = new FakeResource(resourceId);
    await client.attach(resource);
    return resource;
  }

  it('of a rollback goes from the last branch to the first, one after the other', async () => {
    const orders = await attach('orders');
    const stock = await attach('stock');
    const release = stock.holds();
    const xid = await begin(client);
    const first = await register(client, xid);
    const second = await register(client, xid, { resourceId: 'stock' });
    const third = await register(client, xid);
    const rollback = client.rollback({ xid, waitMs: 60_000 });
    await until(() => stock.calls.length === 1);

    const beforeStock = [...orders.transcript];
    release();

    expect((await rollback).status).toBe('rolled-back');
    expect(beforeStock).toEqual([`rollback ${third}`]);
    expect(stock.transcript).toEqual([`rollback ${second}`]);
    expect(orders.transcript).toEqual([`rollback ${third}`, `rollback ${first}`]);
  });

  it('of a commit goes to all branches at once', async () => {
    const orders = await attach('orders');
    const stock = await attach('stock');
    const release = stock.holds();
    const xid = await begin(client);
    await register(client, xid, { resourceId: 'stock' });
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });

    await until(() => orders.calls.length === 1 && stock.calls.length === 1);

    expect(await statusOf(client, xid)).toBe('committing');
    release();
  });

  it('takes the branches of many transactions in one call', async () => {
    const orders = await attach('orders');
    const xids = await Promise.all(Array.from({ length: 20 }, () => begin(client)));
    await Promise.all(xids.map((xid) => register(client, xid)));

    await Promise.all(xids.map((xid) => client.commit({ xid, waitMs: 60_000 })));

    expect(orders.calls).toHaveLength(1);
    expect(orders.calls[0]?.targets.map(({ xid }) => xid)).toEqual(xids);
  });

  it('gathers commits behind the call that is under way', async () => {
    const orders = await attach('orders');
    const release = orders.holds();
    const xids = await Promise.all(Array.from({ length: 5 }, () => begin(client)));
    await Promise.all(xids.map((xid) => register(client, xid)));
    for (const xid of xids) {
      await client.commit({ xid, waitMs: 0 });
      await clock.pass(0);
    }

    const callsBefore = orders.calls.length;
    release();
    await until(async () => {
      await clock.pass(1);
      return orders.calls.length === 2;
    });

    expect(callsBefore).toBe(1);
    expect(orders.calls[1]?.targets).toHaveLength(4);
  });

  it('lets commits gather for a moment after a call, and calls at once after a pause', async () => {
    const orders = await attach('orders');
    const first = await begin(client);
    await register(client, first);
    await client.commit({ xid: first, waitMs: 60_000 });
    const xids = await Promise.all(Array.from({ length: 3 }, () => begin(client)));
    await Promise.all(xids.map((xid) => register(client, xid)));

    for (const xid of xids) {
      await client.commit({ xid, waitMs: 0 });
      await clock.pass(2);
    }
    const callsBefore = orders.calls.length;
    await until(async () => {
      await clock.pass(1);
      return orders.calls.length === 2;
    });

    expect(callsBefore).toBe(1);
    expect(orders.calls[1]?.targets).toHaveLength(3);
  });

  it('lets a resource in trouble hold up nobody else', async () => {
    const orders = await attach('orders');
    const stock = await attach('stock');
    stock.holds();
    const stuck = await Promise.all(Array.from({ length: 300 }, () => begin(client)));
    await Promise.all(stuck.map((xid) => register(client, xid, { resourceId: 'stock' })));
    await Promise.all(stuck.map((xid) => client.rollback({ xid, waitMs: 0 })));
    await until(() => stock.calls.length === 4);
    const xid = await begin(client);
    await register(client, xid);

    const summary = await client.rollback({ xid, waitMs: 60_000 });

    expect(summary.status).toBe('rolled-back');
    expect(orders.calls).toHaveLength(1);
    expect(stock.calls).toHaveLength(4);
  });

  it('is tried again with growing pauses, and says why it failed', async () => {
    const orders = await attach('orders');
    orders.answers(BUSY);
    const xid = await begin(client);
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });

    const callsAfterMs: number[] = [];
    for (const ms of [0, 100, 200, 400, 60_000]) {
      await clock.pass(ms);
      callsAfterMs.push(orders.calls.length);
    }

    expect(callsAfterMs.slice(0, 4)).toEqual([1, 2, 3, 4]);
    // From then on every 15 to 30 seconds, after some steps of doubling: not one call more.
    expect(callsAfterMs[4]).toBeLessThan(18);
    const { branches } = await client.status({ xid });
    expect(branches[0]).toMatchObject({ status: 'registered', lastError: BUSY.error });
    expect(branches[0]?.attempts).toBeGreaterThanOrEqual(10);
    expect(log.lines[0]).toMatch(/^warn The commit of 1 branch\(es\) at orders failed .* is down$/);
  });

  it('goes on when the resource is well again', async () => {
    const orders = await attach('orders');
    orders.answers(BUSY);
    const xid = await begin(client);
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });
    await clock.pass(10_000);
    orders.answers({ kind: 'done' });

    await clock.pass(60_000);

    expect(await statusOf(client, xid)).toBe('committed');
  });

  it.each<[string, () => Promise<never[]>]>([
    ['throws', () => Promise.reject(new Error('the pool has ended'))],
    ['answers with garbage', () => Promise.resolve([])],
  ])('counts a call that %s as failed', async (_how, answer) => {
    const orders = await attach('orders');
    orders.answersBy(answer);
    const xid = await begin(client);
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });
    await clock.pass(60);

    const { branches } = await client.status({ xid });

    expect(branches[0]?.attempts).toBe(1);
    expect(branches[0]?.lastError).toMatch(/pool has ended|did not answer each branch/);
  });

  it('counts a call without an answer as failed, and tries again', async () => {
    const orders = await attach('orders');
    orders.holds();
    const xid = await begin(client);
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });
    await clock.pass(0);
    orders.answers({ kind: 'done' });

    await clock.pass(30_200);

    expect(orders.calls).toHaveLength(2);
    await clock.pass(60);
    expect(await statusOf(client, xid)).toBe('committed');
  });

  it('parks a branch that needs a person, restores the others and goes on telling', async () => {
    const orders = await attach('orders');
    const stock = await attach('stock');
    stock.answers(DIRTY);
    const xid = await begin(client);
    const first = await register(client, xid);
    const second = await register(client, xid, { resourceId: 'stock' });
    await client.rollback({ xid, waitMs: 0 });

    await clock.pass(600_000);

    expect(await client.status({ xid })).toMatchObject({
      status: 'rolling-back',
      branches: [
        { branchId: first, status: 'done' },
        { branchId: second, status: 'needs-attention', lastError: DIRTY.error, attempts: 1 },
      ],
    });
    expect(orders.calls).toHaveLength(1);
    expect(stock.calls).toHaveLength(1);
    expect(log.lines.join('\n')).toContain(
      `error Branch ${second} of global transaction ${xid} needs attention at stock`,
    );
  });

  it('waits for its resource, and begins as soon as it is there', async () => {
    const xid = await begin(client);
    const branchId = await register(client, xid);
    await client.rollback({ xid, waitMs: 0 });
    await clock.pass(600_000);

    const orders = await attach('orders');
    await clock.pass(100);

    expect(orders.transcript).toEqual([`rollback ${branchId}`]);
    expect(await statusOf(client, xid)).toBe('rolled-back');
  });

  it('does not wait for its pause when the resource comes back', async () => {
    const orders = new FakeResource('orders');
    orders.answers(BUSY);
    const detach = await client.attach(orders);
    const xid = await begin(client);
    await register(client, xid);
    await client.rollback({ xid, waitMs: 0 });
    await clock.pass(300_000);
    await detach();

    const again = await attach('orders');
    await clock.pass(0);

    expect(again.calls).toHaveLength(1);
  });

  it('ends for a resource when it is detached, after the call under way', async () => {
    const orders = new FakeResource('orders');
    const release = orders.holds();
    const detach = await client.attach(orders);
    const xid = await begin(client);
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });
    await until(() => orders.calls.length === 1);
    let isDetached = false;
    const detached = detach().then(() => {
      isDetached = true;
    });
    await clock.pass(0);

    const wasDetachedBefore = isDetached;
    release();
    await detached;

    expect(wasDetachedBefore).toBe(false);
    const late = await begin(client);
    await register(client, late);
    await client.commit({ xid: late, waitMs: 0 });
    await clock.pass(1_000);
    expect(orders.calls).toHaveLength(1);
  });

  it('refuses a second handler of the same resource', async () => {
    await attach('orders');

    await expect(attach('orders')).rejects.toThrow(
      '[DTX_ERR_CONFIG_DUPLICATE_RESOURCE] Two resources are called "orders".',
    );
  });

  it('takes a handler again that was detached, and only the new one is called', async () => {
    const old = new FakeResource('orders');
    const detach = await client.attach(old);
    await detach();
    const next = await attach('orders');
    await detach();
    const xid = await begin(client);
    await register(client, xid);

    await client.commit({ xid, waitMs: 60_000 });

    expect([old.calls.length, next.calls.length]).toEqual([0, 1]);
  });

  it('keeps what is finished when a branch of the same transaction is not', async () => {
    const orders = await attach('orders');
    const stock = await attach('stock');
    stock.answers(BUSY);
    const xid = await begin(client);
    await register(client, xid);
    await register(client, xid, { resourceId: 'stock', branchId: systemIds.newBranchId() });
    await client.commit({ xid, waitMs: 0 });

    await clock.pass(5_000);

    const { branches } = await client.status({ xid });
    expect(branches.map(({ status }) => status)).toEqual(['done', 'registered']);
    expect(orders.calls).toHaveLength(1);
  });
});
