import { MemorySessionStore } from '../../../lib/coordinator/index.js';
import type { CoordinatorClient, ReleaseSummary } from '../../../lib/protocol/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { begin } from './support/client.js';
import { ManualClock, closeLate } from './support/manual-clock.js';
import { TestNode, passFor } from './support/test-node.js';

const TIMEOUT_MS = 60_000;

/** Begins so many, and returns their xids, the greatest last. */
async function beginAll(client: CoordinatorClient, count: number): Promise<readonly string[]> {
  const xids: string[] = [];
  for (let left = count; left > 0; left -= 1) xids.push(await begin(client));
  return xids.sort();
}

/** Waits for the holder, and notes the circle that it is told. */
class Wait {
  answer: ReleaseSummary | undefined;

  constructor(client: CoordinatorClient, waiterXid: string, xid: string, timeoutMs = TIMEOUT_MS) {
    void client.awaitRelease({ xid, waiterXid, timeoutMs }).then((answer) => {
      this.answer = answer;
    });
  }
}

const circlesOf = (waits: readonly Wait[]): readonly unknown[] =>
  waits.map(({ answer }) => answer?.circle);

describe('Waits in a circle at one node', () => {
  let client: CoordinatorClient;
  let clock: ManualClock;
  beforeEach(async () => {
    clock = new ManualClock();
    client = await connectEmbedded({ store: ':memory:', clock });
  });
  afterEach(() => closeLate(client, clock));

  it('are ended at once, by the youngest, who is told the circle', async () => {
    const [a = '', b = '', c = ''] = await beginAll(client, 3);
    const waits = [new Wait(client, a, b), new Wait(client, c, a), new Wait(client, b, c)];

    await clock.pass(0);

    expect(circlesOf(waits)).toEqual([undefined, [c, a, b], undefined]);
    expect(waits[1]?.answer).toMatchObject({ xid: a, status: 'active' });
  });

  it('go on when the one that was told has rolled back', async () => {
    const [a = '', b = ''] = await beginAll(client, 2);
    const left = new Wait(client, a, b);
    const told = new Wait(client, b, a);
    await clock.pass(0);

    await client.rollback({ xid: b, waitMs: 0 });
    await clock.pass(0);

    expect(told.answer?.circle).toEqual([b, a]);
    expect(left.answer).toEqual(expect.objectContaining({ status: 'rolled-back' }));
    expect(left.answer).not.toHaveProperty('circle');
  });

  it('are told again to one that asks again', async () => {
    const [a = '', b = ''] = await beginAll(client, 2);
    const other = new Wait(client, a, b);
    const first = new Wait(client, b, a);
    await clock.pass(0);
    const again = new Wait(client, b, a);

    await clock.pass(0);

    expect(circlesOf([other, first, again])).toEqual([undefined, [b, a], [b, a]]);
  });

  it('are none when a wait has ended by its time', async () => {
    const [a = '', b = ''] = await beginAll(client, 2);
    const short = new Wait(client, a, b, 100);
    await clock.pass(100);
    const later = new Wait(client, b, a);

    await clock.pass(1_000);

    expect(circlesOf([short, later])).toEqual([undefined, undefined]);
    expect(later.answer).toBeUndefined();
  });

  it('are none when a member is decided, though a call of it still waits', async () => {
    const [a = '', b = ''] = await beginAll(client, 2);
    const behind = new Wait(client, a, b);
    await client.rollback({ xid: a, waitMs: 0 });
    const ahead = new Wait(client, b, a);

    await clock.pass(1_000);

    expect(circlesOf([behind, ahead])).toEqual([undefined, undefined]);
  });

  it('are not looked for where the waiter is in no global transaction', async () => {
    const [a = '', b = ''] = await beginAll(client, 2);
    const named = new Wait(client, a, b);
    const unnamed = client.awaitRelease({ xid: a, timeoutMs: 500 });
    await clock.pass(0);

    await clock.pass(500);

    expect(await unnamed).not.toHaveProperty('circle');
    expect(named.answer).toBeUndefined();
  });
});

describe('Waits in a circle over nodes of one store', () => {
  let store: MemorySessionStore;
  let nodes: readonly TestNode[];
  let one: TestNode;
  let two: TestNode;
  beforeEach(async () => {
    store = new MemorySessionStore({ isShared: true });
    [one, two] = await Promise.all([TestNode.start(store), TestNode.start(store)]);
    nodes = [one, two];
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('are ended within a second, by the youngest, wherever each of them waits', async () => {
    const [a = '', b = '', c = ''] = await beginAll(one.client, 3);
    const waits = [
      new Wait(one.client, a, b),
      new Wait(two.client, b, c),
      new Wait(one.client, c, a),
    ];

    await passFor(nodes, 900);

    expect(circlesOf(waits)).toEqual([undefined, undefined, [c, a, b]]);
  });

  it('are ended where the youngest waits, though another one closes the circle', async () => {
    const [a = '', b = ''] = await beginAll(one.client, 2);
    const youngest = new Wait(two.client, b, a);
    await passFor(nodes, 2_000);
    const closing = new Wait(one.client, a, b);

    await passFor(nodes, 900);

    expect(circlesOf([youngest, closing])).toEqual([[b, a], undefined]);
  });

  it('cost the store nothing while they are short', async () => {
    const [a = '', b = ''] = await beginAll(one.client, 2);
    const exchange = jest.spyOn(store.waits!, 'exchange');
    const short = new Wait(one.client, a, b, 140);

    await passFor(nodes, 1_000);

    expect(short.answer).toMatchObject({ status: 'active' });
    expect(exchange).not.toHaveBeenCalled();
  });

  it('leave nothing on the board when they have ended', async () => {
    const [a = '', b = ''] = await beginAll(one.client, 2);
    const long = new Wait(one.client, a, b, 1_000);
    await passFor(nodes, 700);
    const look = { node: 'a person', waits: [], nowMs: one.clock.now(), untilMs: 0 };
    const during = await store.waits?.exchange(look);

    await passFor(nodes, 1_000);

    expect(during).toEqual([{ namespace: 'default', waiterXid: a, holderXid: b }]);
    expect(long.answer).toMatchObject({ status: 'active' });
    expect(await store.waits?.exchange(look)).toEqual([]);
  });

  it('are none when the posting of a node that is gone has lapsed', async () => {
    const [a = '', b = ''] = await beginAll(one.client, 2);
    await store.waits?.exchange({
      node: 'gone',
      waits: [{ namespace: 'default', waiterXid: a, holderXid: b }],
      nowMs: one.clock.now(),
      untilMs: one.clock.now() + 100,
    });
    const wait = new Wait(two.client, b, a);

    await passFor(nodes, 2_000);

    expect(wait.answer).toBeUndefined();
  });
});
