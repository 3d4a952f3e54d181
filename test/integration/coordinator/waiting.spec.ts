import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { begin, register, statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { ManualClock, closeLate } from './support/manual-clock.js';

let client: CoordinatorClient;
let clock: ManualClock;
let orders: FakeResource;

beforeEach(async () => {
  clock = new ManualClock();
  client = await connectEmbedded({ store: ':memory:', clock });
  orders = new FakeResource('orders');
  await client.attach(orders);
});

afterEach(async () => {
  await closeLate(client, clock);
});

/** Whether the promise has an answer after some turns in which no time passes. */
async function isAnswered(promise: Promise<unknown>): Promise<boolean> {
  let answered = false;
  void promise.then(() => {
    answered = true;
  });
  await clock.pass(0);
  return answered;
}

describe('awaitRelease', () => {
  it('answers when the commit is decided, not only when it is finished', async () => {
    orders.holds();
    const xid = await begin(client);
    await register(client, xid);
    const release = client.awaitRelease({ xid, timeoutMs: 60_000 });
    const answeredBefore = await isAnswered(release);

    await client.commit({ xid, waitMs: 0 });

    expect(answeredBefore).toBe(false);
    expect((await release).status).toBe('committing');
  });

  it('answers when the rollback has ended, not when it is decided', async () => {
    const finish = orders.holds();
    const xid = await begin(client);
    await register(client, xid);
    const early = client.awaitRelease({ xid, timeoutMs: 60_000 });
    await clock.pass(0);
    await client.rollback({ xid, waitMs: 0 });
    const late = client.awaitRelease({ xid, timeoutMs: 60_000 });
    const answeredBefore = [await isAnswered(early), await isAnswered(late)];

    finish();

    expect(answeredBefore).toEqual([false, false]);
    expect([(await early).status, (await late).status]).toEqual(['rolled-back', 'rolled-back']);
  });

  it('answers at once when there is nothing to wait for', async () => {
    const xid = await begin(client);
    await client.commit({ xid, waitMs: 0 });

    expect((await client.awaitRelease({ xid, timeoutMs: 60_000 })).status).toBe('committed');
  });

  it('answers with what stands when the time is up', async () => {
    const xid = await begin(client);
    await register(client, xid);
    const release = client.awaitRelease({ xid, timeoutMs: 500 });
    const answeredBefore = await isAnswered(release);

    await clock.pass(500);

    expect(answeredBefore).toBe(false);
    expect((await release).status).toBe('active');
  });

  it('tells of a commit before it is durable to those who can take back what they do', async () => {
    const xid = await begin(client);
    await register(client, xid);
    const release = client.awaitRelease({ xid, timeoutMs: 60_000, mayBeForetold: true });
    const seen = release.then(async ({ durable, status }) => {
      const durableThen = await statusOf(client, xid);
      return { status, durableThen, isDurable: await durable };
    });
    await clock.pass(0);

    await client.commit({ xid, waitMs: 0 });

    expect(await seen).toEqual({ status: 'committing', durableThen: 'active', isDurable: true });
  });

  it('foretells no rollback, and says so when it has ended', async () => {
    const xid = await begin(client);
    await register(client, xid);
    const release = client.awaitRelease({ xid, timeoutMs: 60_000, mayBeForetold: true });
    await clock.pass(0);

    await client.rollback({ xid, waitMs: 0 });

    expect(await release).toEqual(expect.objectContaining({ status: 'rolled-back' }));
    expect(await release).not.toHaveProperty('durable');
  });

  it('foretells nothing that is durable already', async () => {
    orders.holds();
    const xid = await begin(client);
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });

    const release = await client.awaitRelease({ xid, timeoutMs: 60_000, mayBeForetold: true });

    expect(release.status).toBe('committing');
    expect(release).not.toHaveProperty('durable');
  });

  it('does not outlive the coordinator', async () => {
    const xid = await begin(client);
    const release = client.awaitRelease({ xid, timeoutMs: 60_000 });
    await clock.pass(0);

    await client.close();

    expect((await release).status).toBe('active');
  });
});

describe('A timeout', () => {
  it('rolls back what is undecided when it is due', async () => {
    const xid = await begin(client, 5_000);
    const branchId = await register(client, xid);
    await clock.pass(4_999);
    const before = await statusOf(client, xid);

    await clock.pass(100);

    expect(before).toBe('active');
    expect(await client.status({ xid })).toMatchObject({
      status: 'rolled-back',
      reason: 'timeout',
    });
    expect(orders.transcript).toEqual([`rollback ${branchId}`]);
  });

  it('makes a commit that comes too late answer the rollback', async () => {
    const xid = await begin(client, 5_000);
    await register(client, xid);
    await clock.pass(5_000);

    const summary = await client.commit({ xid, waitMs: 60_000 });

    expect(summary).toMatchObject({ status: 'rolled-back', reason: 'timeout' });
  });

  it('comes for each at its own time, whichever began first', async () => {
    const long = await begin(client, 10_000);
    const short = await begin(client, 2_000);
    const middle = await begin(client, 6_000);
    const xids = [short, middle, long];

    const rolledBack: number[] = [];
    for (const ms of [2_000, 4_000, 4_000]) {
      await clock.pass(ms);
      const statuses = await Promise.all(xids.map((xid) => statusOf(client, xid)));
      rolledBack.push(statuses.filter((status) => status === 'rolled-back').length);
    }

    expect(rolledBack).toEqual([1, 2, 3]);
  });

  it('leaves alone what is decided', async () => {
    orders.holds();
    const xid = await begin(client, 5_000);
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });

    await clock.pass(20_000);

    expect(await statusOf(client, xid)).toBe('committing');
  });
});

describe('The record of an ended transaction', () => {
  it('answers as long as it is kept, and is gone afterwards', async () => {
    const keeper = await connectEmbedded({ store: ':memory:', clock, retentionMs: 600_000 });
    const xid = await begin(keeper);
    await keeper.commit({ xid, waitMs: 0 });
    await clock.pass(590_000);
    const before = await statusOf(keeper, xid);

    await clock.pass(120_000);

    expect(before).toBe('committed');
    expect(await statusOf(keeper, xid)).toBe('absent');
    await keeper.close();
  });

  it('is gone when more have ended since than are kept', async () => {
    const keeper = await connectEmbedded({ store: ':memory:', clock, retentionCountMax: 3 });
    const xids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const xid = await begin(keeper);
      await keeper.commit({ xid, waitMs: 0 });
      await clock.pass(10);
      xids.push(xid);
    }

    await clock.pass(61_000);

    const statuses = await Promise.all(xids.map((xid) => statusOf(keeper, xid)));
    expect(statuses).toEqual(['absent', 'absent', 'committed', 'committed', 'committed']);
    await keeper.close();
  });

  it('does not take the records of open transactions with it', async () => {
    const keeper = await connectEmbedded({ store: ':memory:', clock, retentionMs: 1 });
    const xid = await begin(keeper, 86_400_000);

    await clock.pass(600_000);

    expect(await statusOf(keeper, xid)).toBe('active');
    await keeper.close();
  });
});
