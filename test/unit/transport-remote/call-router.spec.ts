import {
  CoordinatorClosedError,
  CoordinatorUnreachableError,
  OutcomeUnknownError,
  ResourceExhaustedError,
} from '../../../lib/protocol/index.js';
import { CallRouter } from '../../../lib/transport/remote/call-router.js';
import type { NodeConnection } from '../../../lib/transport/remote/node-connection.js';
import type { RemoteCall } from '../../../lib/transport/remote/remote-call.js';
import { ManualClock } from '../../integration/coordinator/support/manual-clock.js';

/** A connection that keeps its calls until the test answers or releases them. */
class Node {
  isOpen = true;
  isFull = false;
  readonly calls: RemoteCall[] = [];

  send(call: RemoteCall): void {
    this.calls.push(call);
    if (!this.isFull) call.sent();
  }

  get connection(): NodeConnection {
    return this as unknown as NodeConnection;
  }

  get names(): string[] {
    return this.calls.map(({ operation, xid }) => `${operation} ${xid}`);
  }
}

class World {
  readonly clock = new ManualClock();
  picked: Node | undefined;
  heldCount = 0;
  readonly router = new CallRouter({
    clock: this.clock,
    callTimeoutMs: 1_000,
    pick: () => this.picked?.connection,
    nodes: { names: ['tc:7091'], trouble: 'no answer' },
    hold: () => {
      this.heldCount += 1;
      return () => void (this.heldCount -= 1);
    },
  });

  /** What becomes of a call that is not answered. */
  ask(operation: 'begin' | 'commit' | 'status' | 'awaitRelease', xid = 'x', waitMs = 0) {
    const asked = this.router.call(operation, xid, { xid, waitMs }, waitMs);
    return asked.catch((error: unknown) => error);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('The calls of one transaction', () => {
  let world: World;
  let first: Node;
  let second: Node;
  beforeEach(() => {
    world = new World();
    [first, second] = [new Node(), new Node()];
    world.picked = first;
  });

  it('stay at their node while one of them is unanswered, and are free then', () => {
    void world.ask('begin');
    world.picked = second;
    void world.ask('commit');
    expect(first.names).toEqual(['begin x', 'commit x']);

    for (const call of first.calls) call.answered(undefined);
    void world.ask('status');
    expect(second.names).toEqual(['status x']);
  });

  it('go elsewhere in the order in which they were made, however they come back', async () => {
    void world.ask('begin');
    void world.ask('commit');
    first.isOpen = false;
    world.picked = second;
    const [begin, commit] = first.calls;
    commit!.released();
    begin!.released();
    void world.ask('status');
    await turn();

    expect(second.names).toEqual(['begin x', 'commit x', 'status x']);
  });

  it('wait for those that a node which leaves still has', async () => {
    void world.ask('begin');
    void world.ask('commit');
    first.isOpen = false;
    world.picked = second;
    first.calls[1]!.released();
    void world.ask('status');
    await turn();
    expect(second.names).toEqual([]);

    first.calls[0]!.answered(undefined);
    expect(second.names).toEqual(['commit x', 'status x']);
  });

  it('do not wait for those of another one, nor for whoever awaits its release', () => {
    void world.ask('begin', 'x');
    first.isOpen = false;
    world.picked = second;
    void world.ask('commit', 'x');
    void world.ask('begin', 'y');
    void world.ask('awaitRelease', 'x', 500);

    expect(second.names).toEqual(['begin y', 'awaitRelease x']);
  });

  it('wait without a node, hold the process meanwhile, and go in order to the next', () => {
    world.picked = undefined;
    void world.ask('begin', 'x');
    void world.ask('begin', 'y');
    void world.ask('commit', 'x');
    expect(world.heldCount).toBe(1);

    world.picked = second;
    world.router.opened();

    expect(second.names).toEqual(['begin x', 'commit x', 'begin y']);
    expect(world.heldCount).toBe(0);
  });

  it('are asked again with the rest of their wait', async () => {
    void world.ask('commit', 'x', 600);
    await world.clock.pass(200);
    world.picked = second;
    first.calls[0]!.released();
    await turn();

    expect(second.calls[0]!.body).toEqual({ xid: 'x', waitMs: 400 });
  });
});

describe('A call without an answer', () => {
  let world: World;
  let node: Node;
  beforeEach(() => {
    world = new World();
    node = new Node();
    world.picked = node;
  });

  it.each([
    ['that was sent is unknown', 'commit', OutcomeUnknownError],
    ['that changes nothing is unreachable', 'status', CoordinatorUnreachableError],
  ] as const)('%s', async (_name, operation, expected) => {
    const asked = world.ask(operation);
    await world.clock.pass(1_100);

    expect(await asked).toBeInstanceOf(expected);
    await expect(world.router.empty()).resolves.toBeUndefined();
  });

  it('that no node got is unreachable, says why, and holds nothing any more', async () => {
    world.picked = undefined;
    const asked = world.ask('commit');
    await world.clock.pass(1_100);

    const error = await asked;

    expect(error).toBeInstanceOf(CoordinatorUnreachableError);
    expect((error as Error).message).toMatch(/tc:7091.*within 1000 ms: no answer/);
    expect(world.heldCount).toBe(0);
  });

  it('that found no place at an open node was one too many', async () => {
    node.isFull = true;
    const asked = world.ask('commit');
    await world.clock.pass(1_100);

    expect(await asked).toBeInstanceOf(ResourceExhaustedError);
  });

  it('has the time of its wait besides', async () => {
    let settled: unknown = 'pending';
    void world.ask('commit', 'x', 5_000).then((error) => (settled = error));
    await world.clock.pass(5_900);
    expect(settled).toBe('pending');

    await world.clock.pass(200);
    expect(settled).toBeInstanceOf(OutcomeUnknownError);
  });

  it('is given up by abort: what no node has, or all of it', async () => {
    const sent = world.ask('commit', 'x');
    world.picked = undefined;
    const stranded = world.ask('commit', 'y');

    world.router.abort('stranded');
    expect(await stranded).toBeInstanceOf(CoordinatorClosedError);

    world.router.abort('all');
    expect(await sent).toBeInstanceOf(OutcomeUnknownError);
  });
});
