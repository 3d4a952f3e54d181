import type { FaultProxy } from '../../support/fault-proxy.js';
import { openFaultProxy } from '../../support/fault-proxy.js';
import { buildPackage } from './coordinator-node.js';
import type { Load } from './load.js';
import { begin, beginAt, end, workAt } from './load.js';
import { World, ownersOf } from './world.js';

jest.setTimeout(90_000);

/** It may have to wait for another build. */
const BUILD_MS_MAX = 180_000;

/** Whoever was not told has asked, so not to be told is no harm. */
const unexpected = ({ failures }: Load): readonly string[] =>
  failures.filter((failure) => !failure.endsWith('DTX_ERR_TM_OUTCOME_UNKNOWN'));

describe('Two coordinator nodes on one database', () => {
  let world: World;

  beforeAll(() => {
    buildPackage();
  }, BUILD_MS_MAX);

  afterEach(() => world.close());

  it('both take part, and the calls of one transaction go to one of them', async () => {
    // Nobody is to take anything over, however busy the machine is.
    world = await World.open({ leaseMs: 20_000 });

    const load = world.load();
    await load.advances(200);
    await load.stop();
    await world.settled();

    const sessions = await world.store.sessions();
    const shares = ownersOf(sessions).map(
      (owner) => sessions.filter((session) => session.owner === owner).length,
    );
    expect(shares).toHaveLength(2);
    expect(Math.min(...shares)).toBeGreaterThan(40);
    expect(new Set(sessions.map(({ epoch }) => epoch))).toEqual(new Set([1]));
    const { finishers, workers } = world.journal;
    const finishedElsewhere = [...workers].filter(
      ([branchId, instance]) => [...(finishers.get(branchId) ?? [])].join() !== instance,
    );
    expect(finishedElsewhere).toEqual([]);
    expect(load.failures).toEqual([]);
    expect(await world.violations()).toEqual([]);
  });

  it('finish what a killed node has decided, and use it again when it is back', async () => {
    world = await World.open();
    const [victim] = world.nodes;
    const load = world.load();
    await load.advances(100);
    world.holdCommits();
    const held = await world.heldOfBoth();

    await victim!.kill();
    world.release();
    await load.advances(200);
    await load.stop();
    await world.settled();

    const finished = await world.committed(held);
    expect(ownersOf(finished)).toHaveLength(1);
    expect(unexpected(load)).toEqual([]);
    const ownersBefore = ownersOf(await world.store.sessions());

    await victim!.start();
    await world.connected();
    const more = world.load();
    await more.advances(100);
    await more.stop();
    await world.settled();

    const owners = ownersOf(await world.store.sessions());
    expect(owners.filter((owner) => !ownersBefore.includes(owner))).toHaveLength(1);
    expect(more.failures).toEqual([]);
    expect(await world.violations()).toEqual([]);
  });

  it('take no harm from one that was frozen past its leases', async () => {
    world = await World.open({ heartbeatMs: 300 });
    const { instances, journal, launcher, nodes } = world;
    const [sleeper] = nodes;
    const load = world.load();
    await load.advances(100);
    // Half of these are decided while the node sleeps that has them in its memory.
    const xids = Array.from({ length: 20 }, () => begin(journal));
    for (const xid of xids) {
      await beginAt(launcher, xid);
      await workAt(instances[0]!, xid, journal);
    }
    const [decided, undecided] = [xids.slice(0, 10), xids.slice(10)];
    world.holdCommits();
    const held = await world.heldOfBoth();

    sleeper!.freeze();
    world.release();
    for (const xid of decided) await end(launcher, xid, 'commit', journal);
    const overslept = await world.committed([...held, ...decided]);
    sleeper!.thaw();
    await world.connected();
    const late = await Promise.allSettled(
      decided.map((xid) => workAt(instances[1]!, xid, journal)),
    );
    for (const xid of undecided) await end(launcher, xid, 'rollback', journal);
    const begunBefore = journal.xids.length;
    await load.advances(100);
    await load.stop();
    await world.settled();

    expect(ownersOf(overslept)).toHaveLength(1);
    expect(late).toEqual(
      decided.map(() => ({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'DTX_ERR_TC_NOT_ACTIVE' }) as unknown,
      })),
    );
    expect(ownersOf(await world.rowsOf(journal.xids.slice(begunBefore)))).toHaveLength(2);
    expect(unexpected(load)).toEqual([]);
    expect(await world.violations()).toEqual([]);
    expect(await sleeper!.terminate()).toBe(0);
  });

  it('let another instance finish the branches of one that is gone', async () => {
    const relays: FaultProxy[] = [];
    const relay = async (address: string): Promise<string> => {
      const proxy = await openFaultProxy(Number(address.split(':')[1]));
      relays.push(proxy);
      return `127.0.0.1:${String(proxy.port)}`;
    };
    world = await World.open({ relay });
    const { instances, journal, launcher, resources } = world;
    const xids = Array.from({ length: 40 }, () => begin(journal));
    for (const xid of xids) {
      await beginAt(launcher, xid);
      for (const instance of instances) await workAt(instance, xid, journal);
    }
    // A call of each node is under way at the instance when it goes.
    resources[0]!.holdCommits();
    for (const xid of xids.slice(0, 20)) await end(launcher, xid, 'commit', journal);
    await world.heldOfBoth();

    await Promise.all(relays.map((proxy) => proxy.close()));
    for (const xid of xids.slice(20, 30)) await end(launcher, xid, 'commit', journal);
    await Promise.all(xids.slice(30).map((xid) => end(launcher, xid, 'rollback', journal)));
    await world.settled();

    const finishers = [...journal.workers.keys()].map((branchId) => [
      ...(journal.finishers.get(branchId) ?? []),
    ]);
    // Its own end of what it was called for comes late, and nobody hears of it.
    world.release();

    expect(finishers).toHaveLength(2 * xids.length);
    expect(new Set(finishers.flat())).toEqual(new Set(['shop-2']));
    expect(ownersOf(await world.store.sessions())).toHaveLength(2);
    expect(await world.violations([instances[1]!, launcher])).toEqual([]);
  });

  it('can be restarted one after the other, and no call fails', async () => {
    world = await World.open();
    const load = world.load();
    const statuses: unknown[] = [];

    for (const node of world.nodes) {
      await load.advances(100);
      statuses.push(await node.terminate());
      await load.advances(100);
      await node.start();
      await world.connected();
    }
    await load.advances(100);
    await load.stop();
    await world.settled();

    expect(statuses).toEqual([0, 0]);
    expect(load.failures).toEqual([]);
    expect(await world.violations()).toEqual([]);
  });
});
