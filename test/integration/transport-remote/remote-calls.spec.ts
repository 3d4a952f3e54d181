import {
  DtxError,
  GlobalNotActiveError,
  OutcomeUnknownError,
  ResourceExhaustedError,
} from '../../../lib/protocol/index.js';
import { toWireRefusal } from '../../../lib/protocol/wire/index.js';
import { until } from '../../support/until.js';
import { xidOf } from './scripted-node.js';
import { RemoteWorld, beginning, branch } from './remote-world.js';

const world = new RemoteWorld();
afterEach(() => world.close());

describe('a call to a remote coordinator', () => {
  it('reaches the node with everything it brings', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });

    await client.registerBranch({
      ...branch('x1', '9223372036854775807'),
      data: '{"ünïcode":true}',
      begin: { name: 'Shop.order', applicationId: 'shop', timeoutMs: 1_000 },
    });

    const [{ registerBranch } = {}] = node.requests;
    expect(registerBranch).toMatchObject({
      xid: 'x1',
      branchId: '9223372036854775807',
      type: 1,
      resourceId: 'orders',
      data: '{"ünïcode":true}',
      begin: { name: 'Shop.order', timeoutMs: 1_000 },
    });
  });

  it('says in its hello who asks', async () => {
    const node = await world.node();
    await world.connect({ urls: [node.url], namespace: 'blue', instanceId: 'i-1', key: 'secret' });

    expect(node.stream.hello).toMatchObject({
      versionMin: 1,
      versionMax: 1,
      namespace: 'blue',
      applicationId: 'shop',
      instanceId: 'i-1',
      credential: 'secret',
    });
  });

  it('answers commit with what stands at the node', async () => {
    const node = await world.node();
    node.script = ({ body, requestId }, stream) => {
      if (body !== 'commit') return false;
      const branches = [
        {
          branchId: '7',
          seq: 1,
          type: 1,
          resourceId: 'orders',
          status: 4,
          attempts: 2,
          lastError: 'down',
          failedAttempts: [{ atMs: 1_700_000_000_000, error: 'down' }],
        },
      ];
      const summary = { xid: 'x1', status: 4, name: 'Shop.order', reason: 3, branches };
      stream.say({ requestId, summary });
      return true;
    };
    const client = await world.connect({ urls: [node.url] });

    await expect(client.commit({ xid: 'x1', waitMs: 0 })).resolves.toEqual({
      xid: 'x1',
      status: 'rolling-back',
      name: 'Shop.order',
      reason: 'timeout',
      branches: [
        {
          branchId: '7',
          seq: 1,
          type: 'AT',
          resourceId: 'orders',
          status: 'needs-attention',
          attempts: 2,
          lastError: 'down',
          failedAttempts: [{ atMs: 1_700_000_000_000, error: 'down' }],
        },
      ],
    });
  });

  it('rejects with the error of the node: its class, its text and what it names', async () => {
    const node = await world.node();
    node.script = ({ body, requestId }, stream) => {
      const error =
        body === 'registerBranch'
          ? new GlobalNotActiveError('x1', 'rolled-back')
          : new ResourceExhaustedError('The number of open transactions', 5, 'Retry later.');
      if (requestId !== 0) stream.say({ requestId, refusal: toWireRefusal(error) });
      return requestId !== 0;
    };
    const client = await world.connect({ urls: [node.url] });

    const inactive = await client.registerBranch(branch('x1')).catch((error: unknown) => error);
    const exhausted = await client.begin(beginning('x2')).catch((error: unknown) => error);

    expect(inactive).toBeInstanceOf(GlobalNotActiveError);
    expect(inactive).toMatchObject({ xid: 'x1', status: 'rolled-back', retryable: false });
    expect(exhausted).toBeInstanceOf(ResourceExhaustedError);
    expect(exhausted).toMatchObject({ max: 5, retryable: true });
    expect((exhausted as Error).message).toContain('[DTX_ERR_RESOURCE_EXHAUSTED]');
  });

  it('keeps the code of an error that this version does not know', async () => {
    const node = await world.node();
    node.script = ({ requestId }, stream) => {
      const refusal = {
        code: 'DTX_ERR_OF_TOMORROW',
        message: '[DTX_ERR_OF_TOMORROW] No.',
        fields: '',
      };
      if (requestId !== 0) stream.say({ requestId, refusal });
      return requestId !== 0;
    };
    const client = await world.connect({ urls: [node.url] });

    const error = await client.begin(beginning('x1')).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(DtxError);
    expect(error).toMatchObject({ code: 'DTX_ERR_OF_TOMORROW' });
  });

  it('travels with the others of its moment in one frame, in their order', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    const framesBefore = node.frames.length;

    await Promise.all([
      client.begin(beginning('x1')),
      client.registerBranch(branch('x1')),
      client.begin(beginning('x2')),
      client.commit({ xid: 'x1', waitMs: 0 }),
    ]);

    expect(node.asked).toEqual(['begin', 'registerBranch', 'begin', 'commit']);
    expect(node.frames.slice(framesBefore)).toEqual([4]);
  });

  it('waits in the client while as many are unanswered as the node accepts', async () => {
    const node = await world.node({ inFlightMax: 2 });
    const waiting: number[] = [];
    node.script = ({ requestId }) => requestId !== 0 && waiting.push(requestId) > 0;
    const client = await world.connect({ urls: [node.url] });
    const calls = ['x1', 'x2', 'x3', 'x4'].map((xid) => client.begin(beginning(xid)));
    await until(() => waiting.length === 2);
    node.stream.say({ requestId: 0, ping: {} });
    await until(() => node.heard.at(-1)?.body === 'pong');

    expect(waiting).toHaveLength(2);
    node.script = () => false;
    node.stream.done(...waiting);
    await Promise.all(calls);
    expect(node.requests.map(xidOf)).toEqual(['x1', 'x2', 'x3', 'x4']);
  });

  it.each(['awaitRelease', 'rollback'] as const)(
    'may be a long wait (%s) without keeping back the commit that ends it',
    async (wait) => {
      const node = await world.node({ inFlightMax: 4 });
      const waits: number[] = [];
      node.script = ({ body, requestId }) => body === wait && waits.push(requestId) > 0;
      const client = await world.connect({ urls: [node.url] });
      const waiting = Array.from({ length: 10 }, (_, index) =>
        client[wait]({ xid: `x${String(index)}`, timeoutMs: 2_000, waitMs: 2_000 }),
      );

      await client.commit({ xid: 'x1', waitMs: 0 });

      expect(waits).toHaveLength(2);
      node.script = () => false;
      const summary = { xid: 'x1', status: 3, reason: 0, branches: [] };
      for (const requestId of waits) node.stream.say({ requestId, summary });
      await expect(Promise.all(waiting)).resolves.toHaveLength(10);
    },
  );

  it('does not overtake those before it when it may wait for long', async () => {
    const node = await world.node({ inFlightMax: 2 });
    const held: number[] = [];
    node.script = ({ requestId }) => requestId !== 0 && held.push(requestId) > 0;
    const client = await world.connect({ urls: [node.url] });
    const calls = [
      client.begin(beginning('x1')),
      client.begin(beginning('x2')),
      client.begin(beginning('x3')),
      client.rollback({ xid: 'x3', waitMs: 1_000 }),
    ];
    await until(() => held.length === 2);
    node.script = () => false;

    node.stream.done(...held);
    await Promise.all(calls);

    expect(node.asked).toEqual(['begin', 'begin', 'begin', 'rollback']);
  });

  it('is refused when ten thousand wait already', async () => {
    const node = await world.node();
    node.script = ({ body }) => body === 'begin';
    const client = await world.connect({ urls: [node.url], callTimeoutMs: 500 });
    const calls = Array.from({ length: 10_000 }, (_, index) =>
      client.begin(beginning(`x${String(index)}`)).catch((error: unknown) => error),
    );

    await expect(client.begin(beginning('more'))).rejects.toThrow(ResourceExhaustedError);

    const errors = await Promise.all(calls);
    // Those that the node has are unknown; the others have never left.
    expect(errors.filter((error) => error instanceof OutcomeUnknownError)).toHaveLength(100);
    expect(errors.filter((error) => error instanceof ResourceExhaustedError)).toHaveLength(9_900);
  });

  it('without an answer in time is unknown, and a question unreachable', async () => {
    const node = await world.node();
    node.script = ({ requestId }) => requestId !== 0;
    const client = await world.connect({ urls: [node.url], callTimeoutMs: 200 });

    const [commit, status] = await Promise.allSettled([
      client.commit({ xid: 'x1', waitMs: 0 }),
      client.status({ xid: 'x2' }),
    ]);

    expect(commit).toMatchObject({ reason: { code: 'DTX_ERR_TM_OUTCOME_UNKNOWN', xid: 'x1' } });
    expect(status).toMatchObject({ reason: { code: 'DTX_ERR_TC_UNREACHABLE' } });
  });

  it('that is too large fails alone, and the connection lives on', async () => {
    const node = await world.node({ frameBytesMax: 10_000 });
    const client = await world.connect({ urls: [node.url] });

    const [large, small] = await Promise.allSettled([
      client.setRollbackOnly({ xid: 'x1', reason: 'y'.repeat(20_000) }),
      client.setRollbackOnly({ xid: 'x2', reason: 'y'.repeat(9_000) }),
      client.setRollbackOnly({ xid: 'x3', reason: 'y'.repeat(9_000) }),
    ]);

    expect(large).toMatchObject({ reason: { code: 'DTX_ERR_RESOURCE_EXHAUSTED', max: 10_000 } });
    expect(small).toMatchObject({ status: 'fulfilled' });
    expect(node.asked).toEqual(['setRollbackOnly', 'setRollbackOnly']);
    expect(node.streams).toHaveLength(1);
  });

  it('that cannot be written down fails alone', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    const bad = { xid: 'x1', reason: 5 as unknown as string };

    const [failed, good] = await Promise.allSettled([
      client.setRollbackOnly(bad),
      client.begin(beginning('x2')),
    ]);

    expect(failed.status).toBe('rejected');
    expect(good.status).toBe('fulfilled');
  });

  it('after close() fails, and close() waits for those before it', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    const before = client.commit({ xid: 'x1', waitMs: 0 });

    const closed = client.close();

    await expect(client.begin(beginning('x2'))).rejects.toThrow('DTX_ERR_TC_CLOSED');
    await expect(before).resolves.toMatchObject({ status: 'committed' });
    await closed;
    expect(node.heard.at(-1)?.body).toBe('goodbye');
  });
});
