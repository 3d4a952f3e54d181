import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

import { systemIds } from '../../../lib/system/index.js';
import { until } from '../../support/until.js';
import { NodeProcess } from './support/node-process.js';
import { RawClient } from './support/raw-client.js';
import { RawHttp2, grpcFrame, grpcFrameOf } from './support/raw-http2.js';

const MEGABYTE = 1_048_576;
const AT = 1;

/** For a machine that does other things beside; an answer takes a millisecond otherwise. */
const LATENCY_MS_MAX = 2_000;

/** DTX_TINY_FRAMES=1000000 sends the whole million. */
const TINY_FRAMES = Number(process.env['DTX_TINY_FRAMES'] ?? 20_000);

// Each attack runs against a coordinator in a process of its own, beside a client that goes on with
// its work all the time.
describe('A hostile client', () => {
  let node: NodeProcess;
  let witness: RawClient;
  let work: Promise<number[]>;
  let isOver: boolean;
  // Made before the witness is at work: it takes long enough to make this process silent.
  const bomb = gzipSync(Buffer.alloc(64 * MEGABYTE));
  const attackers: { close(): void }[] = [];

  beforeAll(async () => {
    const quick = {
      heartbeatMs: 1_000,
      helloMs: 500,
      lingerMs: 100,
      unusedMs: 500,
      streamsMax: 20,
    };
    node = await NodeProcess.start(quick);
  });
  afterAll(() => node.kill());

  beforeEach(async () => {
    witness = new RawClient(node.address);
    await witness.hello({ instanceId: 'witness' });
    isOver = false;
    work = ask(witness, () => isOver);
    await node.report();
  });
  afterEach(async () => {
    isOver = true;
    const latenciesMs = await work;
    // It was asked for all the time, and always answered.
    expect(latenciesMs.length).toBeGreaterThan(0);
    expect(Math.max(...latenciesMs)).toBeLessThan(LATENCY_MS_MAX);
    expect(witness.goodbye).toBeUndefined();
    expect(witness.status).toBeUndefined();
    witness.close();
    for (const attacker of attackers.splice(0)) attacker.close();
  });

  const attack = (headers?: Record<string, string>): RawHttp2 => {
    const attacker = new RawHttp2(node.address, headers);
    attackers.push(attacker);
    return attacker;
  };
  const join = async (instanceId: string): Promise<RawClient> => {
    const client = new RawClient(node.address);
    attackers.push(client);
    await client.hello({ instanceId });
    return client;
  };

  it('that sends garbage is closed with the reason', async () => {
    const client = await join('garbage');

    client.sendBytes(randomBytes(10_000).fill(0xff, 0, 20));

    expect(await client.ended()).toMatchObject({ code: 'DTX_ERR_PROTOCOL_BAD_FRAME' });
    expect(client.status).toMatchObject({ code: 3 });
    expect((await node.report()).lines.join()).toContain('DTX_ERR_PROTOCOL_BAD_FRAME');
  });

  it('that does not even speak HTTP/2 is cut off', async () => {
    const socket = dial(node.address);
    attackers.push({ close: () => socket.destroy() });

    socket.write(randomBytes(MEGABYTE));

    await once(socket.resume(), 'close');
    expect(socket.destroyed).toBe(true);
  });

  it('that sends a frame above the limit is closed with the reason', async () => {
    const client = await join('large');

    client.sendBytes(new Uint8Array(MEGABYTE + 1));

    await client.ended();
    expect(client.status).toMatchObject({
      code: 8,
      details: expect.stringContaining('larger than max (1048577 vs 1048576)'),
    });
  });

  it('that hides a large frame in a small one is closed', async () => {
    const attacker = attack({ 'grpc-encoding': 'gzip' });
    const answer = once(attacker.stream, 'response');
    const before = await rssOf(node);

    attacker.stream.write(grpcFrame(bomb, true));

    expect(bomb.length).toBeLessThan(MEGABYTE);
    expect((await answer)[0]).toMatchObject({ 'grpc-status': '8' });
    await attacker.closed();
    expect((await rssOf(node)) - before).toBeLessThan(32 * MEGABYTE);
  });

  it('that announces a frame of 4 GB is closed before it has sent it', async () => {
    const attacker = attack();

    attacker.stream.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0]));

    await attacker.closed();
    expect(attacker.session.destroyed).toBe(true);
  });

  it.each([
    ['nothing', grpcFrame(new Uint8Array())],
    ['pings', grpcFrameOf({ requestId: 0, ping: {} })],
    ['pongs', grpcFrameOf({ requestId: 0, pong: {} })],
    ['answers to nobody', grpcFrameOf({ requestId: 9, outcomes: { allDone: true, outcomes: [] } })],
    ['what nobody understands', grpcFrame(Buffer.from([0x0a, 0x03, 0xa2, 0x38, 0x00]))],
  ])('that sends a million tiny frames of %s is cut off', async (_what, frame) => {
    const attacker = attack();
    attacker.stream.write(helloFrame('tiny'));
    const thousand = Buffer.concat(Array.from({ length: 1_000 }, () => frame));

    await attacker.flood(thousand, 1_000);
    await attacker.closed();

    const report = await node.report();
    expect(report.lines.join()).toContain('too many');
    expect(report.stats.framesReceived).toBeLessThan(1_000_000);
  });

  it('that asks in thousands of frames of one request each gets its answers', async () => {
    const client = await join('busy');
    const before = (await node.report()).stats.messagesSent;

    for (let sent = 0; sent < TINY_FRAMES; sent += 1_000) {
      const requests = Array.from({ length: 1_000 }, () => client.newRequestId());
      for (const requestId of requests) client.send({ requestId, status: { xid: 'a' } });
      await client.answerTo(requests.at(-1)!);
      client.received.length = 0;
    }

    const { stats } = await node.report();
    expect(stats.messagesSent - before).toBeGreaterThanOrEqual(TINY_FRAMES);
    expect(client.goodbye).toBeUndefined();
  }, 600_000);

  it('that does not read is asked nothing, read no more, and cut off', async () => {
    const xid = await largeTransaction(await join('accomplice'));
    const client = await join('deaf');
    await node.report();
    client.stopReading();

    const asking = setInterval(() => {
      for (let count = 0; count < 100; count += 1) {
        client.send({ requestId: client.newRequestId(), status: { xid } });
      }
    }, 10);
    await until(async () => (await node.report()).lines.join().includes('was read'), 10_000);
    clearInterval(asking);

    client.startReading();
    await client.ended();
    expect(client.status?.code).not.toBe(0);
  }, 60_000);

  it('that does not read does not fill the memory', async () => {
    const xid = await largeTransaction(await join('accomplice'));
    const deaf = await Promise.all(['a', 'b', 'c', 'd'].map((name) => join(`deaf-${name}`)));
    const before = await rssOf(node);
    for (const client of deaf) client.stopReading();

    for (const client of deaf) {
      for (let count = 0; count < 1_000; count += 1) {
        client.send({ requestId: client.newRequestId(), status: { xid } });
      }
    }
    await until(async () => (await node.report()).stats.streams === 1, 20_000);

    // Four times what may wait for one client, and as much again for what it is made of.
    expect((await rssOf(node)) - before).toBeLessThan(2 * 4 * 32 * MEGABYTE);
  }, 60_000);

  it.each([
    ['half a frame before its hello', [Buffer.from([0, 0, 0, 1])]],
    ['half a hello', [helloFrame('half').subarray(0, 20)]],
    ['half a frame after its hello', [helloFrame('half'), Buffer.from([0, 0, 0, 1, 0, 1])]],
  ])('that sends %s and falls silent is cut off', async (_what, pieces) => {
    const attacker = attack();

    for (const piece of pieces) attacker.stream.write(piece);

    await attacker.closed();
    expect((await node.report()).stats.streams).toBe(1);
  });

  it('that opens a connection and says nothing is cut off', async () => {
    const socket = dial(node.address);
    attackers.push({ close: () => socket.destroy() });

    await once(socket.resume(), 'close');

    expect(socket.destroyed).toBe(true);
  });

  it('that opens stream after stream is refused those that are too many', async () => {
    const clients = Array.from({ length: 40 }, () => new RawClient(node.address));
    attackers.push(...clients);

    const joined = await Promise.allSettled(
      clients.map((client, index) => client.hello({ instanceId: `many-${String(index)}` })),
    );

    const refused = joined.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(20);
    expect(clients.map(({ goodbye }) => goodbye?.code)).toContain('DTX_ERR_RESOURCE_EXHAUSTED');
  });
});

/** Asks again and again. Returns how long each answer took. */
async function ask(client: RawClient, isOver: () => boolean): Promise<number[]> {
  const latenciesMs: number[] = [];
  while (!isOver()) {
    const startMs = performance.now();
    await client.ask({ status: { xid: 'a' } });
    latenciesMs.push(performance.now() - startMs);
    client.received.length = 0;
    if (client.find('ping')) client.send({ requestId: 0, pong: {} });
  }
  return latenciesMs;
}

/** One whose summary takes about 100 KB. */
async function largeTransaction(client: RawClient): Promise<string> {
  const xid = systemIds.newXid();
  const begin = { name: 'large', timeoutMs: 60_000 };
  const requests = Array.from({ length: 500 }, () => client.newRequestId());
  for (const requestId of requests) {
    const resourceId = `${'r'.repeat(120)}${String(requestId)}`;
    const branchId = systemIds.newBranchId();
    const registerBranch = { xid, branchId, type: AT, resourceId, begin };
    client.send({ requestId, registerBranch });
  }
  await Promise.all(requests.map((requestId) => client.answerTo(requestId)));
  return xid;
}

async function rssOf(node: NodeProcess): Promise<number> {
  return (await node.report()).rssBytesMax;
}

function dial(address: string): Socket {
  const [host, port] = address.split(':');
  return connect(Number(port), host).on('error', () => undefined);
}

function helloFrame(instanceId: string): Buffer {
  return grpcFrameOf({
    requestId: 1,
    hello: {
      versionMin: 1,
      versionMax: 1,
      namespace: 'default',
      applicationId: 'orders',
      instanceId,
      resources: [],
      credential: '',
      software: '',
    },
  });
}
