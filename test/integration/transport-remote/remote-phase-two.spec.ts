import type { BranchOutcome, BranchTarget } from '../../../lib/protocol/index.js';
import { DuplicateResourceError } from '../../../lib/protocol/index.js';
import type { WirePhaseTwo } from '../../../lib/protocol/wire/index.js';
import { until } from '../../support/until.js';
import { RemoteWorld, handlerOf } from './remote-world.js';
import type { ScriptedNode } from './scripted-node.js';

const COMMIT = 1;
const ROLLBACK = 2;

const world = new RemoteWorld();
afterEach(() => world.close());

describe('phase two at a remote client', () => {
  it('comes to the handler with all its branches, and is answered in one message', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    const seen: (readonly BranchTarget[])[] = [];
    const commitBranches = async (targets: readonly BranchTarget[]): Promise<BranchOutcome[]> => {
      seen.push(targets);
      return [
        { kind: 'done', result: '{"ok":1}' },
        { kind: 'retry', error: 'locked' },
      ];
    };
    await client.attach(handlerOf('orders', { commitBranches }));

    push(node, 7, COMMIT, [
      { xid: 'x1', branchId: '1', data: 'd' },
      { xid: 'x2', branchId: '2' },
    ]);
    const answer = await answerTo(node, 7);

    expect(seen).toEqual([
      [
        { xid: 'x1', branchId: '1', data: 'd' },
        { xid: 'x2', branchId: '2' },
      ],
    ]);
    expect(answer.outcomes).toMatchObject({
      allDone: false,
      outcomes: [
        { kind: 1, text: '{"ok":1}' },
        { kind: 2, text: 'locked' },
      ],
    });
  });

  it('is answered in a word when all is done', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    await client.attach(handlerOf('orders'));

    push(node, 7, ROLLBACK, [{ xid: 'x1', branchId: '1' }]);

    expect((await answerTo(node, 7)).outcomes).toMatchObject({ allDone: true, outcomes: [] });
  });

  it.each<[string, () => Promise<BranchOutcome[]>, RegExp]>([
    ['throws', () => Promise.reject(new Error('out of order')), /out of order/],
    ['answers too few', async () => [], /did not answer each branch/],
    ['answers nonsense', async () => [{ kind: 'perhaps' } as never], /did not answer each branch/],
  ])('is tried again later when the handler %s', async (_what, rollbackBranches, text) => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    await client.attach(handlerOf('orders', { rollbackBranches }));

    push(node, 7, ROLLBACK, [{ xid: 'x1', branchId: '1' }]);

    const { outcomes } = await answerTo(node, 7);
    expect(outcomes).toMatchObject({ outcomes: [{ kind: 2, text: expect.stringMatching(text) }] });
  });

  it('keeps of a text what the coordinator keeps', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    const error = '\u{1f600}'.repeat(5_000);
    const rollbackBranches = async (targets: readonly BranchTarget[]): Promise<BranchOutcome[]> =>
      targets.map(() => ({ kind: 'cannot', error }));
    await client.attach(handlerOf('orders', { rollbackBranches }));
    const targets = Array.from({ length: 100 }, (_, index) => ({
      xid: 'x',
      branchId: `${index + 1}`,
    }));

    push(node, 7, ROLLBACK, targets);

    const { outcomes } = await answerTo(node, 7);
    expect(outcomes!.outcomes).toHaveLength(100);
    expect(outcomes!.outcomes[99]!.text).toHaveLength(2_000);
  });

  it.each<[string, WirePhaseTwo, string]>([
    [
      'resource',
      { direction: COMMIT, resourceId: 'nobody', targets: [] },
      '"nobody" is not attached',
    ],
    ['direction', { direction: 9, resourceId: 'orders', targets: [] }, 'direction 9'],
  ])('is refused for an unknown %s', async (_what, phaseTwo, text) => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    await client.attach(handlerOf('orders'));

    node.stream.say({ requestId: 7, phaseTwo });

    expect((await answerTo(node, 7)).refusal!.message).toContain(text);
  });

  it('refuses an operation of tomorrow, and ignores it where nobody waits', async () => {
    const node = await world.node();
    await world.connect({ urls: [node.url] });
    // ServerMessage { request_id = 7, field 99 = "" }, then { field 99 = "" }.
    const unknown = [0x9a, 0x06, 0x00];

    node.stream.sayBytes(Uint8Array.from([0x0a, 5, 0x08, 7, ...unknown, 0x0a, 3, ...unknown]));

    expect((await answerTo(node, 7)).refusal).toMatchObject({ code: 'DTX_ERR_PROTOCOL_UNKNOWN' });
    expect(node.heard.filter(({ body }) => body === 'refusal')).toHaveLength(1);
  });

  it('comes over the next connection when one is lost', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    await client.attach(handlerOf('orders'));

    node.stream.cut();
    await until(() => node.streams.length === 2);

    expect(node.stream.hello.resources).toEqual([
      expect.objectContaining({ resourceId: 'orders' }),
    ]);
  });
});

describe('attaching a resource', () => {
  it('waits for the node to know it', async () => {
    const node = await world.node();
    let isAttached = false;
    node.script = ({ body }) => body === 'attach';
    const client = await world.connect({ urls: [node.url] });
    const attaching = client.attach(handlerOf('orders')).then(() => (isAttached = true));
    await until(() => node.asked.includes('attach'));
    expect(isAttached).toBe(false);

    node.stream.done(node.requests[0]!.requestId);

    await attaching;
    expect(node.requests[0]!.attach).toMatchObject({ resourceId: 'orders', type: 1 });
  });

  it('is done by the next hello when the connection is lost meanwhile', async () => {
    const node = await world.node();
    node.script = ({ body }) => body === 'attach';
    const client = await world.connect({ urls: [node.url] });
    const attaching = client.attach(handlerOf('orders'));
    await until(() => node.asked.includes('attach'));

    node.stream.cut();

    await attaching;
    expect(node.stream.hello.resources).toHaveLength(1);
  });

  it('fails as the node says, and can be tried again', async () => {
    const node = await world.node();
    node.script = ({ body, requestId }, stream) => {
      if (body !== 'attach') return false;
      const refusal = { code: 'DTX_ERR_RESOURCE_EXHAUSTED', message: 'Too many.', fields: '' };
      stream.say({ requestId, refusal });
      return true;
    };
    const client = await world.connect({ urls: [node.url] });

    await expect(client.attach(handlerOf('orders'))).rejects.toThrow('Too many.');

    node.script = () => false;
    await client.attach(handlerOf('orders'));
  });

  it('fails when no node takes it in time', async () => {
    const node = await world.node();
    node.script = ({ body }) => body === 'attach';
    const client = await world.connect({ urls: [node.url], connectTimeoutMs: 300 });

    await expect(client.attach(handlerOf('orders'))).rejects.toThrow(
      /no node has taken resource "orders" within 300 ms/,
    );
  });

  it('of the same id twice is refused here', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    await client.attach(handlerOf('orders'));

    await expect(client.attach(handlerOf('orders'))).rejects.toThrow(DuplicateResourceError);
  });
});

describe('detaching a resource', () => {
  it('waits for the phase two that is under way, which is answered', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    let finish = (_outcomes: BranchOutcome[]): void => undefined;
    const commitBranches = (): Promise<BranchOutcome[]> =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const detach = await client.attach(handlerOf('orders', { commitBranches }));
    push(node, 7, COMMIT, [{ xid: 'x1', branchId: '1' }]);
    node.stream.say({ requestId: 0, ping: {} });
    await until(() => node.heard.at(-1)?.body === 'pong');
    let isDetached = false;

    const detaching = detach().then(() => (isDetached = true));
    await until(() => node.asked.includes('detach'));
    expect(isDetached).toBe(false);
    finish([{ kind: 'done' }]);

    expect((await answerTo(node, 7)).outcomes!.allDone).toBe(true);
    await detaching;
  });

  it('leaves the id to the next one', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    const detach = await client.attach(handlerOf('orders'));

    await Promise.all([detach(), detach()]);
    await client.attach(handlerOf('orders'));

    expect(node.asked).toEqual(['attach', 'detach', 'attach']);
  });

  it('is part of close()', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    await client.attach(handlerOf('orders'));

    await client.close();

    expect(node.heard.slice(-2).map(({ body }) => body)).toEqual(['detach', 'goodbye']);
  });

  it('does not wait for nodes that are not there', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    const detach = await client.attach(handlerOf('orders'));
    node.stop();
    await until(() => world.logged.some((line) => line.includes('was lost')));

    await detach();

    await expect(client.close()).resolves.toBeUndefined();
  });
});

function push(
  node: ScriptedNode,
  requestId: number,
  direction: number,
  targets: readonly BranchTarget[],
): void {
  node.stream.say({ requestId, phaseTwo: { direction, resourceId: 'orders', targets } });
}

async function answerTo(node: ScriptedNode, id: number): Promise<ScriptedNode['heard'][number]> {
  const isAnswer = ({ body, requestId }: ScriptedNode['heard'][number]): boolean =>
    requestId === id && (body === 'outcomes' || body === 'refusal');
  await until(() => node.heard.some(isAnswer));
  return node.heard.find(isAnswer)!;
}
