import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import {
  CoordinatorUnreachableError,
  CredentialRefusedError,
  ProtocolVersionError,
} from '../../../lib/protocol/index.js';
import { openFaultProxy } from '../../support/fault-proxy.js';
import { until } from '../../support/until.js';
import { xidOf } from './scripted-node.js';
import { RemoteWorld, beginning, branch, handlerOf } from './remote-world.js';

const world = new RemoteWorld();
afterEach(() => world.close());

describe('connecting to a coordinator', () => {
  it('waits for a node that starts later, and says so once', async () => {
    const port = await freePort();
    const connecting = world.connect({ urls: [`dtx://127.0.0.1:${String(port)}`] });
    await until(() => world.logged.some((line) => line.includes('ECONNREFUSED')));
    const node = await world.node({ port });

    await connecting;

    expect(node.streams).toHaveLength(1);
    expect(world.logged.filter((line) => line.includes('ECONNREFUSED'))).toHaveLength(1);
    expect(world.logged.filter((line) => line.startsWith('info Connected'))).toHaveLength(1);
  });

  it('gives up after its time, in words', async () => {
    const url = `dtx://127.0.0.1:${String(await freePort())}`;

    const error = await world
      .connect({ urls: [url], connectTimeoutMs: 300 })
      .catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(CoordinatorUnreachableError);
    expect((error as Error).message).toMatch(/no connection within 300 ms .*ECONNREFUSED/);
  });

  it('takes silence for no connection, and leaves no socket behind', async () => {
    const sockets = new Set<Socket>();
    // It hears, and says nothing.
    const silent = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).resume();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    world.onClose(() => void silent.close());
    const url = `dtx://127.0.0.1:${String((silent.address() as AddressInfo).port)}`;

    const connecting = world.connect({ urls: [url], connectTimeoutMs: 300 });
    await until(() => sockets.size === 1);

    await expect(connecting).rejects.toThrow(CoordinatorUnreachableError);
    await until(() => sockets.size === 0);
  });

  it.each([
    ['DTX_ERR_PROTOCOL_CREDENTIAL', CredentialRefusedError],
    ['DTX_ERR_PROTOCOL_VERSION', ProtocolVersionError],
  ])('fails at once when every node says goodbye with %s', async (code, expected) => {
    const node = await world.node();
    node.script = (_message, stream) => {
      stream.say({ requestId: 0, goodbye: { code, reason: `[${code}] No.` } });
      stream.end();
      return true;
    };

    const error = await world
      .connect({ urls: [node.url], key: 'not-to-be-printed', connectTimeoutMs: 20_000 })
      .catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(expected);
    expect((error as Error).message).toBe(`[${code}] No.`);
    expect(world.logged.join('\n')).not.toContain('not-to-be-printed');
  });

  it('uses one node although another one refuses', async () => {
    const [refusing, willing] = [await world.node(), await world.node()];
    refusing.script = (_message, stream) => {
      const code = 'DTX_ERR_PROTOCOL_CREDENTIAL';
      stream.say({ requestId: 0, goodbye: { code, reason: 'No.' } });
      return true;
    };

    const client = await world.connect({ urls: [refusing.url, willing.url] });

    await client.begin(beginning('x1'));
    expect(willing.asked).toEqual(['begin']);
  });

  it('keeps one stream to a node with two addresses', async () => {
    const node = await world.node();
    // The node takes the second stream of an instance for the successor of the first one.
    node.script = ({ body }) => {
      if (body === 'hello' && node.streams.length === 2) node.streams[0]!.end();
      return false;
    };
    const client = await world.connect({
      urls: [`dtx://shop.test:${String(node.port)}`],
      lookUp: async () => ['127.0.0.1', '::ffff:127.0.0.1'],
    });
    await until(() => node.streams.length === 2);
    await until(() => world.logged.some((line) => line.includes('was lost')));

    await client.begin(beginning('x1'));
    await client.begin(beginning('x2'));

    expect(node.streams).toHaveLength(2);
    node.stream.cut();
    await until(() => node.streams.length > 2);
  });

  it('looks a name up again when a connection is lost', async () => {
    const first = await world.node();
    let addresses = ['127.0.0.1'];
    const client = await world.connect({
      urls: [`dtx://shop.test:${String(first.port)}`],
      lookUp: async () => addresses,
    });
    addresses = ['127.0.0.2'];
    first.stop();

    await until(() => world.logged.some((line) => line.includes('(127.0.0.2)')), 10_000);
    await expect(client.status({ xid: 'x1' })).rejects.toThrow('127.0.0.2');
  });
});

describe('a connection that is lost', () => {
  it('comes back, and the calls of meanwhile go through, in their order', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });
    node.stream.cut();
    await until(() => world.logged.some((line) => line.includes('was lost')));

    await Promise.all([client.begin(beginning('x1')), client.registerBranch(branch('x1'))]);

    expect(node.streams).toHaveLength(2);
    expect(node.asked).toEqual(['begin', 'registerBranch']);
    expect(world.logged.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('leaves its calls to the next one, in the order in which they were made', async () => {
    const node = await world.node({ inFlightMax: 2 });
    node.script = ({ requestId }) => requestId !== 0;
    const client = await world.connect({ urls: [node.url] });
    const calls = [
      client.begin(beginning('x1')),
      client.registerBranch(branch('x1', '1')),
      client.registerBranch(branch('x1', '2')),
      client.commit({ xid: 'x1', waitMs: 0 }),
    ];
    await until(() => node.requests.length === 2);
    node.script = () => false;

    node.stream.cut();
    await Promise.all(calls);

    expect(node.asked.slice(2)).toEqual(['begin', 'registerBranch', 'registerBranch', 'commit']);
    expect(node.requests.slice(2).map(({ registerBranch }) => registerBranch?.branchId)).toEqual([
      undefined,
      '1',
      '2',
      undefined,
    ]);
  });

  it('shortens the wait of what is asked again', async () => {
    const node = await world.node();
    node.script = ({ requestId }) => requestId !== 0;
    const client = await world.connect({ urls: [node.url] });
    const rollback = client.rollback({ xid: 'x1', waitMs: 2_000 });
    await until(() => node.requests.length === 1);
    node.script = () => false;

    node.stream.cut();
    await rollback;

    expect(node.requests[1]!.rollback!.waitMs).toBeGreaterThan(0);
    expect(node.requests[1]!.rollback!.waitMs).toBeLessThan(2_000);
  });

  it('makes what was sent unknown when no node comes back in time', async () => {
    const node = await world.node();
    node.script = ({ requestId }) => requestId !== 0;
    const client = await world.connect({ urls: [node.url], callTimeoutMs: 300 });
    const commit = client.commit({ xid: 'x1', waitMs: 0 }).catch((error: unknown) => error);
    await until(() => node.requests.length === 1);

    node.stop();

    await expect(commit).resolves.toMatchObject({ code: 'DTX_ERR_TM_OUTCOME_UNKNOWN' });
  });

  it('leaves undone what was never sent', async () => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url], callTimeoutMs: 300 });
    node.stop();
    await until(() => world.logged.some((line) => line.includes('was lost')));

    const error = await client.begin(beginning('x1')).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'DTX_ERR_TC_UNREACHABLE', retryable: true });
    expect((error as Error).message).toMatch(/was not answered within 300 ms: .*ECONNREFUSED/);
  });

  it('holds the process while calls wait for it, and not longer', async () => {
    let held = 0;
    const hold = (): (() => void) => {
      held += 1;
      return () => {
        held -= 1;
      };
    };
    const node = await world.node();
    const client = await world.connect({ urls: [node.url], hold });
    expect(held).toBe(0);
    node.stream.cut();
    await until(() => world.logged.some((line) => line.includes('was lost')));

    const call = client.begin(beginning('x1'));
    expect(held).toBe(1);
    await call;

    expect(held).toBe(0);
  });

  it('is found within three heartbeats although nobody has closed it', async () => {
    const node = await world.node({ heartbeatMs: 100 });
    const proxy = await openFaultProxy(node.port);
    world.onClose(() => proxy.close());
    const client = await world.connect({ urls: [`dtx://127.0.0.1:${String(proxy.port)}`] });
    proxy.arm('black-hole', 'x-lost');
    const startMs = performance.now();

    await client.begin(beginning('x-lost'));

    expect(proxy.struck).toBe(1);
    expect(performance.now() - startMs).toBeLessThan(1_500);
    expect(world.logged.join('\n')).toMatch(/nothing was heard for \d+ ms/);
  });

  it('is kept while the node only answers pings', async () => {
    const node = await world.node({ heartbeatMs: 50 });
    await world.connect({ urls: [node.url] });

    await until(() => node.heard.filter(({ body }) => body === 'ping').length >= 5);

    expect(node.streams).toHaveLength(1);
  });

  it('asks again what was answered but not heard', async () => {
    const node = await world.node();
    const proxy = await openFaultProxy(node.port);
    world.onClose(() => proxy.close());
    const client = await world.connect({ urls: [`dtx://127.0.0.1:${String(proxy.port)}`] });
    proxy.arm('lose-reply', 'x-lost');

    await expect(client.commit({ xid: 'x-lost', waitMs: 0 })).resolves.toMatchObject({
      status: 'committed',
    });

    expect(node.asked).toEqual(['commit', 'commit']);
  });

  it.each([
    ['garbage', Uint8Array.from([0xff, 0xff, 0xff, 0x01, 0x02])],
    ['half a message', Uint8Array.from([0x0a, 0x05, 0x01])],
  ])('is dropped when the node sends %s', async (_what, bytes) => {
    const node = await world.node();
    const client = await world.connect({ urls: [node.url] });

    node.stream.sayBytes(bytes);
    await until(() => node.streams.length === 2);

    await client.begin(beginning('x1'));
    expect(world.logged.join('\n')).toContain('DTX_ERR_PROTOCOL_BAD_FRAME');
  });
});

describe('a node that stops', () => {
  it('gets no more calls, and answers those that it has', async () => {
    const leaving = await world.node();
    const client = await world.connect({ urls: [leaving.url] });
    leaving.script = ({ requestId }) => requestId !== 0;
    const held = client.begin(beginning('x1'));
    await until(() => leaving.requests.length === 1);

    const goodbye = { code: 'DTX_ERR_TC_CLOSED', reason: 'It is closing.' };
    leaving.stream.say({ requestId: 0, goodbye });
    await until(() => world.logged.some((line) => line.includes('goodbye')));
    const later = client.begin(beginning('x2'));
    leaving.stream.done(leaving.requests[0]!.requestId);
    await held;

    expect(leaving.requests.map(xidOf)).toEqual(['x1']);
    leaving.script = () => false;
    leaving.stream.end();
    await later;
    expect(leaving.requests.map(xidOf)).toEqual(['x1', 'x2']);
  });

  it('keeps the calls of one transaction together: later ones wait', async () => {
    const [a, b] = [await world.node({ nodeId: 'a' }), await world.node({ nodeId: 'b' })];
    const client = await world.connect({ urls: [a.url, b.url] });
    await until(() => a.streams.length + b.streams.length === 2);
    await client.begin(beginning('x1'));
    const [owner, other] = a.requests.length === 1 ? [a, b] : [b, a];
    owner.script = ({ requestId }) => requestId !== 0;
    const first = client.begin(beginning('x1'));
    await until(() => owner.requests.length === 2);
    owner.stream.say({ requestId: 0, goodbye: { code: 'DTX_ERR_TC_CLOSED', reason: '.' } });
    await until(() => world.logged.some((line) => line.includes('goodbye')));

    const second = client.registerBranch(branch('x1'));
    await client.begin(beginning('elsewhere'));
    expect(other.asked).toEqual(['begin']);
    owner.stream.done(owner.requests[1]!.requestId);

    await Promise.all([first, second]);
    expect(other.asked).toEqual(['begin', 'registerBranch']);
  });

  it('has done nothing of what it refuses, so that is asked elsewhere', async () => {
    const [a, b] = [await world.node({ nodeId: 'a' }), await world.node({ nodeId: 'b' })];
    const client = await world.connect({ urls: [a.url, b.url] });
    await until(() => a.streams.length + b.streams.length === 2);
    a.script = ({ requestId }, stream) => {
      const refusal = { code: 'DTX_ERR_TC_CLOSED', message: 'Closed.', fields: '' };
      if (requestId !== 0) stream.say({ requestId, refusal });
      return requestId !== 0;
    };

    const xids = Array.from({ length: 20 }, (_, index) => `x${String(index)}`);
    await Promise.all(
      xids.flatMap((xid) => [client.begin(beginning(xid)), client.registerBranch(branch(xid))]),
    );

    expect(a.requests.length).toBeGreaterThan(0);
    expect(b.requests).toHaveLength(40);
  });
});

describe('several nodes', () => {
  it('share the transactions, each of which stays at one of them', async () => {
    const nodes = [
      await world.node({ nodeId: 'a' }),
      await world.node({ nodeId: 'b' }),
      await world.node({ nodeId: 'c' }),
    ];
    const client = await world.connect({ urls: nodes.map(({ url }) => url) });
    await until(() => nodes.every(({ streams }) => streams.length === 1));
    await until(() => world.logged.filter((line) => line.startsWith('info Conn')).length === 3);
    const xids = Array.from({ length: 60 }, (_, index) => `0000${String(index)}`);

    for (const xid of xids) {
      await client.begin(beginning(xid));
      await client.commit({ xid, waitMs: 0 });
    }

    const places = nodes.map((node) => new Set(node.requests.map(xidOf)));
    expect(places.reduce((sum, place) => sum + place.size, 0)).toBe(60);
    for (const place of places) expect(place.size).toBeGreaterThan(5);
  });

  it('take over from one that is lost', async () => {
    const [a, b] = [await world.node({ nodeId: 'a' }), await world.node({ nodeId: 'b' })];
    const client = await world.connect({ urls: [a.url, b.url] });
    await until(() => world.logged.filter((line) => line.startsWith('info Conn')).length === 2);
    a.script = ({ requestId }) => requestId !== 0;
    const xids = Array.from({ length: 20 }, (_, index) => `x${String(index)}`);
    const calls = xids.map((xid) => client.commit({ xid, waitMs: 0 }));
    await until(() => a.requests.length + b.requests.length === 20);

    a.stop();

    await expect(Promise.all(calls)).resolves.toHaveLength(20);
    expect(new Set(b.requests.map(xidOf)).size).toBe(20);
  });

  it('with stores of their own are never used together', async () => {
    const nodes = [
      await world.node({ nodeId: 'a', sharesStore: false }),
      await world.node({ nodeId: 'b', sharesStore: true }),
    ];
    const client = await world.connect({ urls: nodes.map(({ url }) => url) });
    await until(() => world.logged.some((line) => line.startsWith('error')));

    const xids = Array.from({ length: 20 }, (_, index) => `x${String(index)}`);
    await Promise.all(xids.map((xid) => client.begin(beginning(xid))));

    expect(nodes.map(({ requests }) => requests.length).sort()).toEqual([0, 20]);
    expect(world.logged.join()).toContain('Name one of them, or start all of them on the same');
  });

  it('all know the resources of the client', async () => {
    const [a, b] = [await world.node({ nodeId: 'a' }), await world.node({ nodeId: 'b' })];
    const client = await world.connect({ urls: [a.url, b.url] });
    await until(() => world.logged.filter((line) => line.startsWith('info Conn')).length === 2);

    await client.attach(handlerOf('orders'));

    await until(() => a.asked.includes('attach') && b.asked.includes('attach'));
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
