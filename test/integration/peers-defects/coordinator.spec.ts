import type { SessionStore } from '../../../lib/coordinator/index.js';
import { codeOf } from '../../../lib/protocol/index.js';
import { until } from '../../support/until.js';
import { begin, register, statusOf } from '../coordinator/support/client.js';
import { ManualClock } from '../coordinator/support/manual-clock.js';
import type { EngineUnderTest } from '../coordinator/store-conformance/engines.js';
import { ENGINES } from '../coordinator/store-conformance/engines.js';
import type { NodeUnderTest } from './node-under-test.js';
import { startNode } from './node-under-test.js';

/*
 * What coordinators of the field are known to get wrong, on every store that we have. Memory is
 * left out: it neither fails nor lasts.
 */
const DURABLE = ENGINES.filter(({ engine }) => engine !== 'memory');
const SHARED = DURABLE.filter(({ isShared }) => isShared);

let engine: EngineUnderTest;
let store: SessionStore;
let nodes: NodeUnderTest[];

async function node(...args: Parameters<typeof startNode>): Promise<NodeUnderTest> {
  const started = await startNode(...args);
  nodes.push(started);
  return started;
}

function useEngine(create: () => Promise<EngineUnderTest>): void {
  beforeAll(async () => {
    engine = await create();
  });
  beforeEach(async () => {
    nodes = [];
    store = await engine.empty();
  });
  afterEach(async () => {
    for (const { client, store: own } of nodes) {
      own.fault = undefined;
      await client.close();
    }
  });
  afterAll(() => engine.close());
}

/** A wall clock that is a second earlier whenever somebody looks. */
class BackwardClock extends ManualClock {
  #looks = 0;

  override now(): number {
    this.#looks += 1;
    return super.now() - 1_000 * this.#looks;
  }
}

/*
 * Seata sets the status of a global transaction by a conditional write since 2.x, but adds branches
 * beside it: one may come in behind the decision, and nobody finishes it.
 */
describe.each(SHARED)('A branch and a decision at two nodes on $engine', ({ create }) => {
  useEngine(create);

  it('P1: lets no branch in that the decision has not seen', async () => {
    const [one, two] = [await node(store), await node(await engine.another())];
    const xid = await begin(one.client);
    const first = await register(two.client, xid);
    const openWrites = two.store.holdsWrites();
    // Allowed by what node two knows; the decision comes before its write.
    const late = register(two.client, xid).catch(codeOf);
    await until(() => two.store.writingCount > 0);
    const decided = await one.client.commit({ xid, waitMs: 5_000 });

    openWrites();

    expect(await late).toBe('DTX_ERR_TC_NOT_ACTIVE');
    expect(decided).toMatchObject({ status: 'committed', branches: [{ branchId: first }] });
    expect((await two.client.status({ xid })).branches).toHaveLength(1);
    expect(one.orders.transcript).toEqual([`commit ${first}`]);
  });

  it('P1: a timeout that is under way changes nothing about a commit', async () => {
    const [one, two] = [await node(store), await node(await engine.another())];
    const xid = await begin(one.client, 100);
    const branchId = await register(one.client, xid);
    const openWrites = one.store.holdsWrites();
    await until(() => one.store.writingCount > 0);
    const decided = await two.client.commit({ xid, waitMs: 5_000 });

    openWrites();
    await until(() => one.store.writingCount === 0);

    expect(decided.status).toBe('committed');
    expect(await statusOf(one.client, xid)).toBe('committed');
    expect([...one.orders.transcript, ...two.orders.transcript]).toEqual([`commit ${branchId}`]);
  });
});

describe.each(DURABLE)('A coordinator on $engine', ({ create }) => {
  useEngine(create);

  it('P1: has every branch that it let in among those that it finishes', async () => {
    const { client, orders } = await node(store);
    const rounds = Array.from({ length: 40 }, async (_, round) => {
      const xid = await begin(client);
      const registering = Array.from({ length: 1 + (round % 3) }, () => register(client, xid));
      const deciding = client.commit({ xid, waitMs: 5_000 });
      const late = register(client, xid);
      const answers = await Promise.allSettled([...registering, late]);
      const { status } = await deciding;
      const ids = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      return { ids, status };
    });

    const ended = await Promise.all(rounds);

    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'committed'));
    const letIn = ended.flatMap(({ ids }) => ids.map((id) => `commit ${id}`));
    expect([...orders.transcript].sort()).toEqual(letIn.sort());
  });

  /*
   * Seata cannot write that phase two is to be tried again while its store is away, and then nobody
   * tries it: the transaction stays as it is for ever.
   */
  it.each(['done', 'retry'] as const)(
    'P2: ends what it has decided though its store was away when phase two was answered: %s',
    async (kind) => {
      const { client, orders, store: own } = await node(store);
      let answer = (): void => undefined;
      const answered = new Promise<void>((resolve) => (answer = resolve));
      orders.answersBy(async ({ targets }) => {
        const isFirst = orders.calls.length === 1;
        await answered;
        const outcome = isFirst && kind === 'retry' ? { kind, error: 'busy' } : { kind: 'done' };
        return targets.map(() => outcome as { kind: 'done' });
      });
      const xid = await begin(client);
      const branchId = await register(client, xid);
      await client.commit({ xid, waitMs: 0 });
      await until(() => orders.calls.length === 1);
      const back = await engine.outage();
      answer();
      await until(() => own.failedCount > 0);

      await back();

      await until(async () => (await statusOf(client, xid)) === 'committed');
      expect(new Set(orders.transcript)).toEqual(new Set([`commit ${branchId}`]));
      expect(orders.calls.length).toBeLessThan(10);
    },
  );

  it('P2: ends what a node has decided that died while the store was away', async () => {
    const dead = await node(store);
    const finish = dead.orders.holds();
    const xid = await begin(dead.client);
    const branchId = await register(dead.client, xid);
    await dead.client.rollback({ xid, waitMs: 0 });
    await until(() => dead.orders.calls.length === 1);
    const back = await engine.outage();
    dead.store.fault = 'fails';
    dead.store.loadFails = true;
    await back();

    const next = await node(await engine.reopened());

    await until(async () => (await statusOf(next.client, xid)) === 'rolled-back', 10_000);
    finish();
    expect(next.orders.transcript).toEqual([`rollback ${branchId}`]);
  });

  /*
   * Seata deletes the record when a transaction has ended; where that fails, what is rolled back
   * stays in the table, and nobody comes by again.
   */
  it('P3: deletes the records of what has ended, also where that has failed before', async () => {
    const clock = new ManualClock();
    const { client, orders, store: own } = await node(store, { clock, retentionMs: 1_000 });
    const passUntil = (isSo: () => boolean | Promise<boolean>): Promise<void> =>
      until(async () => {
        await clock.pass(1_000);
        return isSo();
      }, 10_000);
    const xid = await begin(client, 500);
    await register(client, xid);
    await passUntil(async () => (await statusOf(client, xid)) === 'rolled-back');
    own.failingKind = 'purge';
    await passUntil(() => own.failedCount > 0);
    const left = await store.list({ which: 'ended', countMax: 9 });

    own.failingKind = undefined;

    await passUntil(async () => (await store.list({ which: 'ended', countMax: 9 })).length === 0);
    expect(left.map((session) => session.xid)).toEqual([xid]);
    expect(orders.calls).toHaveLength(1);
  });

  it('P3: an end that could not be written is written later, and is no open work', async () => {
    const { client, orders, store: own } = await node(store);
    const xid = await begin(client, 50);
    await register(client, xid);
    const finish = orders.holds();
    await until(() => orders.calls.length === 1);
    const back = await engine.outage();
    finish();
    await until(() => own.failedCount > 0);
    await back();

    await until(async () => (await statusOf(client, xid)) === 'rolled-back');

    expect(await store.list({ which: 'open', countMax: 9 })).toEqual([]);
    expect(await client.status({ xid })).toMatchObject({ reason: 'timeout' });
  });

  /*
   * Seata orders the branches of a rollback by the time at which they were stored, and some columns
   * for that have no fractions of a second.
   */
  it('P5: rolls branches back in the reverse order of their registration', async () => {
    const clock = new ManualClock();
    const first = await node(store, { clock, servesOthers: true });
    const xid = await begin(first.client);
    const branchIds: string[] = [];
    // All in the same millisecond, and their ids in no order.
    for (const branchId of ['500', '7', '90', '1', '3000']) {
      branchIds.push(await register(first.client, xid, { branchId }));
    }
    await first.client.close();
    const next = await node(await engine.reopened(), { servesOthers: true });

    const { status } = await next.client.rollback({ xid, waitMs: 5_000 });

    expect(status).toBe('rolled-back');
    expect(next.orders.transcript).toEqual(branchIds.reverse().map((id) => `rollback ${id}`));
  });

  it('P5: keeps that order though its clock goes back', async () => {
    const clock = new BackwardClock();
    const { client, orders } = await node(store, { clock });
    const xid = await begin(client);
    const ids = [await register(client, xid), await register(client, xid)];
    ids.push(await register(client, xid));

    await client.rollback({ xid, waitMs: 0 });

    await until(async () => {
      await clock.pass(100);
      return orders.calls.length >= ids.length;
    });
    expect(orders.transcript).toEqual(ids.reverse().map((id) => `rollback ${id}`));
  });
});
