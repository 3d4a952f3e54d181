import { MemorySessionStore } from '../../../lib/coordinator/index.js';
import { NEVER_MS } from '../../../lib/protocol/index.js';
import { begin, register, statusOf } from './support/client.js';
import { TestNode, passFor, recordOf } from './support/test-node.js';

/** How long others wait; within a second more they look for what has lapsed. */
const LEASE_MS = 2_000;
const CLAIMED_MS = LEASE_MS + 1_000;

let store: MemorySessionStore;
let one: TestNode;
let two: TestNode;

beforeEach(async () => {
  store = new MemorySessionStore({ isShared: true });
  const options = { leaseMs: LEASE_MS };
  [one, two] = await Promise.all([TestNode.start(store, options), TestNode.start(store, options)]);
});

afterEach(async () => {
  one.store.gate = undefined;
  await Promise.all([one.close(), two.close()]);
});

/** From now on time stands still for node one: it might as well be dead. */
const passWithoutOne = (ms: number): Promise<void> => passFor([two], ms);

describe('When a node dies', () => {
  it('another one finishes what it has decided, once the lease is over', async () => {
    await two.attachOrders();
    const xid = await begin(one.client);
    const branchId = await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    await passWithoutOne(LEASE_MS - 100);
    const callsBefore = two.orders.calls.length;

    await passWithoutOne(CLAIMED_MS);

    expect(callsBefore).toBe(0);
    expect(two.orders.transcript).toEqual([`commit ${branchId}`]);
    expect(await statusOf(two.client, xid)).toBe('committed');
  });

  it('another one rolls back what it has left undecided, when its time is up', async () => {
    await two.attachOrders();
    const xid = await begin(one.client, 10_000);
    const branchId = await register(one.client, xid);
    await passWithoutOne(10_000 + LEASE_MS - 100);
    const before = await statusOf(two.client, xid);

    await passWithoutOne(CLAIMED_MS);

    expect(before).toBe('active');
    expect(await two.client.status({ xid })).toMatchObject({
      status: 'rolled-back',
      reason: 'timeout',
    });
    expect(two.orders.transcript).toEqual([`rollback ${branchId}`]);
  });

  it('another one goes on with the attempts where it was', async () => {
    one.orders.answers({ kind: 'retry', error: 'the database is down' });
    await Promise.all([one.attachOrders(), two.attachOrders()]);
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    await passFor([one, two], 500);
    const { attempts } = (await recordOf(store, xid)).branches[0]!;
    two.orders.answers({ kind: 'retry', error: 'the database is down still' });

    await passWithoutOne(CLAIMED_MS + 1_000);

    const [branch] = (await two.client.status({ xid })).branches;
    expect(attempts).toBeGreaterThan(1);
    expect(branch?.attempts).toBe(attempts + two.orders.calls.length);
    expect(branch?.lastError).toBe('the database is down still');
  });

  it('its sessions get one owner each, however many nodes look for them', async () => {
    const three = await TestNode.start(store, { leaseMs: LEASE_MS });
    await Promise.all([two.attachOrders(), three.attachOrders()]);
    const xids = await Promise.all(Array.from({ length: 50 }, () => begin(one.client)));
    await Promise.all(xids.map((xid) => register(one.client, xid)));
    await Promise.all(xids.map((xid) => one.client.commit({ xid, waitMs: 0 })));

    await passFor([two, three], CLAIMED_MS + 500);

    const records = await Promise.all(xids.map((xid) => recordOf(store, xid)));
    expect(records.every(({ status }) => status === 'committed')).toBe(true);
    const called = [two, three].flatMap(({ orders }) => orders.calls.flatMap((c) => c.targets));
    expect(called.map(({ xid }) => xid).sort()).toEqual([...xids].sort());
    await three.close();
  });

  it('one that starts later finishes what it has decided', async () => {
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.rollback({ xid, waitMs: 0 });
    const late = await TestNode.start(store, { leaseMs: LEASE_MS }, LEASE_MS + 1_000);
    await late.attachOrders();

    await passFor([late], 1_500);

    expect(await statusOf(late.client, xid)).toBe('rolled-back');
    await late.close();
  });
});

describe('A node that was only frozen', () => {
  it('changes nothing when its call is answered after all, and forgets the session', async () => {
    const finish = one.orders.holds();
    await one.attachOrders();
    two.orders.answers({ kind: 'cannot', error: 'dirty row' });
    await two.attachOrders();
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    await one.clock.pass(0);
    await passWithoutOne(CLAIMED_MS + 500);
    const before = await recordOf(store, xid);

    finish();
    await one.clock.pass(60_000);

    expect(before.branches[0]?.status).toBe('needs-attention');
    expect(await recordOf(store, xid)).toEqual(before);
    expect(one.orders.calls).toHaveLength(1);
  });

  it('makes no decision against the one that has been made meanwhile', async () => {
    const xid = await begin(one.client, 5_000);
    await register(one.client, xid);
    let wake = (): void => undefined;
    one.store.gate = new Promise((resolve) => (wake = resolve));
    const commit = one.client.commit({ xid, waitMs: 0 });
    await one.clock.pass(0);
    await passWithoutOne(5_000 + CLAIMED_MS);
    const before = await recordOf(store, xid);

    wake();
    const answer = await commit;

    expect(answer).toMatchObject({ status: 'rolling-back', reason: 'timeout' });
    expect(await recordOf(store, xid)).toEqual(before);
  });

  it('does not roll back in time what another node has committed', async () => {
    await two.attachOrders();
    const xid = await begin(one.client, 5_000);
    await register(one.client, xid);
    await two.client.commit({ xid, waitMs: 0 });
    await passWithoutOne(500);
    const before = await recordOf(store, xid);

    await one.clock.pass(60_000);

    expect(before.status).toBe('committed');
    expect(await recordOf(store, xid)).toEqual(before);
    expect(await statusOf(one.client, xid)).toBe('committed');
  });

  it('does not renew what is not its own any more', async () => {
    one.orders.holds();
    await Promise.all([one.attachOrders(), two.attachOrders()]);
    const finish = two.orders.holds();
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    await passWithoutOne(CLAIMED_MS);
    const before = await recordOf(store, xid);

    // Long enough to look for leases that end, and before the one of the other node does.
    await one.clock.pass(2_500);

    expect(before.epoch).toBe(2);
    expect(await recordOf(store, xid)).toEqual(before);
    finish();
  });
});

describe('A node that lives', () => {
  it('keeps a session whose call takes longer than the lease', async () => {
    const finish = one.orders.holds();
    await Promise.all([one.attachOrders(), two.attachOrders()]);
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });

    await passFor([one, two], 20_000);

    expect(await recordOf(store, xid)).toMatchObject({ status: 'committing', epoch: 1 });
    finish();
    await passFor([one, two], 100);
    expect([one.orders.calls.length, two.orders.calls.length]).toEqual([1, 0]);
    expect(await statusOf(one.client, xid)).toBe('committed');
  });

  it('keeps a session between its attempts', async () => {
    one.orders.answers({ kind: 'retry', error: 'the database is down' });
    await Promise.all([one.attachOrders(), two.attachOrders()]);
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });

    await passFor([one, two], 700);

    expect(one.orders.calls.length).toBeGreaterThan(1);
    expect(await recordOf(store, xid)).toMatchObject({ status: 'committing', epoch: 1 });
    expect(two.orders.calls).toHaveLength(0);
  });

  it('offers a session to another one after some attempts in vain', async () => {
    one.orders.answers({ kind: 'retry', error: 'the database cannot be reached from here' });
    await Promise.all([one.attachOrders(), two.attachOrders()]);
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });

    await passFor([one, two], 10_000);

    expect(one.orders.calls).toHaveLength(5);
    expect(two.orders.calls).toHaveLength(1);
    expect(await statusOf(two.client, xid)).toBe('committed');
  });

  it('goes on with a session that it has offered in vain', async () => {
    one.orders.answers({ kind: 'retry', error: 'the database is down' });
    two.orders.answers({ kind: 'retry', error: 'the database is down' });
    await Promise.all([one.attachOrders(), two.attachOrders()]);
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    await passFor([one, two], 60_000);
    one.orders.answers({ kind: 'done' });
    two.orders.answers({ kind: 'done' });

    await passFor([one, two], 60_000);

    expect(await statusOf(two.client, xid)).toBe('committed');
  });

  it('does not keep in memory what another one has ended', async () => {
    await Promise.all([one.attachOrders(), two.attachOrders()]);
    const xid = await begin(one.client, 600_000);
    await register(two.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    await passFor([one, two], 10_000);
    const writes = jest.spyOn(two.store, 'apply');

    await passFor([one, two], 650_000);

    expect(await statusOf(two.client, xid)).toBe('committed');
    expect(writes.mock.calls.flatMap(([batch]) => batch.map(({ kind }) => kind))).toEqual(
      expect.not.arrayContaining(['decide']),
    );
  });

  it('rolls back what it has let go of undecided, a few seconds after its time', async () => {
    await one.attachOrders();
    const xid = await begin(one.client, 60_000);
    await register(one.client, xid);

    await passFor([one, two], 66_000);

    expect(await statusOf(one.client, xid)).toBe('rolled-back');
  });

  it('keeps an undecided session without writing for it', async () => {
    const xid = await begin(one.client, 60_000);
    const before = await recordOf(store, xid);

    await passFor([one, two], 50_000);

    expect(await recordOf(store, xid)).toEqual(before);
  });

  it('leaves a session whose resource it cannot reach to another one', async () => {
    await two.attachOrders();
    const xid = await begin(one.client);
    const branchId = await register(one.client, xid);
    await one.client.rollback({ xid, waitMs: 0 });

    await passFor([one, two], 10_000);

    expect(two.orders.transcript).toEqual([`rollback ${branchId}`]);
    expect(await statusOf(one.client, xid)).toBe('rolled-back');
  });

  it('passes on a session whose resource nobody reaches, and not too often', async () => {
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.rollback({ xid, waitMs: 0 });
    await passFor([one, two], 60_000);
    const { version } = await recordOf(store, xid);

    await passFor([one, two], 300_000);

    const after = await recordOf(store, xid);
    expect(after.version - version).toBeLessThanOrEqual(40);
    await two.attachOrders();
    await passFor([one, two], 90_000);
    expect(await statusOf(one.client, xid)).toBe('rolled-back');
  });

  it('hands over at once when it is closed', async () => {
    await two.attachOrders();
    const decided = await begin(one.client);
    await register(one.client, decided);
    await one.client.commit({ xid: decided, waitMs: 0 });
    const undecided = await begin(one.client, 600_000);
    await one.close();

    await passWithoutOne(1_100);

    expect(await statusOf(two.client, decided)).toBe('committed');
    expect(await recordOf(store, undecided)).toMatchObject({ status: 'active', epoch: 2 });
    await passWithoutOne(600_000 - 1_100 - 1_000);
    expect(await statusOf(two.client, undecided)).toBe('active');
    await passWithoutOne(7_000);
    expect(await statusOf(two.client, undecided)).toBe('rolled-back');
  });

  it('hands over nothing that needs a person', async () => {
    one.orders.answers({ kind: 'cannot', error: 'dirty row' });
    await one.attachOrders();
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    await passFor([one, two], 500);

    await one.close();
    await passWithoutOne(10_000);

    expect(await recordOf(store, xid)).toMatchObject({ epoch: 1, leaseUntilMs: NEVER_MS });
  });
});

describe('A claim whose answer is lost', () => {
  it('leaves nothing behind: what was taken lapses and is taken again', async () => {
    await two.attachOrders();
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    two.store.fault = 'loses the answer';
    await passWithoutOne(CLAIMED_MS);
    const taken = await recordOf(store, xid);
    two.store.fault = undefined;

    await passWithoutOne(CLAIMED_MS + 500);

    expect(taken).toMatchObject({ status: 'committing', epoch: 2 });
    expect(await statusOf(two.client, xid)).toBe('committed');
    expect(two.orders.calls).toHaveLength(1);
  });

  it('is told to whoever reads the log, and tried again', async () => {
    two.store.fault = 'fails';
    const xid = await begin(one.client);
    await register(one.client, xid);
    await one.client.commit({ xid, waitMs: 0 });
    await passWithoutOne(10_000);
    const before = await recordOf(store, xid);
    two.store.fault = undefined;
    await two.attachOrders();

    await passWithoutOne(1_500);

    expect(before.epoch).toBe(1);
    expect(await statusOf(two.client, xid)).toBe('committed');
  });
});
