import { systemIds } from '../../../lib/system/index.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import { openFaultProxy } from '../../support/fault-proxy.js';
import { until } from '../../support/until.js';
import { RawClient } from './support/raw-client.js';
import { TestServer } from './support/test-server.js';

const HEARTBEAT_MS = 400;
const DB = { resourceId: 'db', type: 1 };

describe('The heartbeat', () => {
  let test: TestServer;
  let proxy: FaultProxy;
  beforeEach(async () => {
    test = await TestServer.open({ heartbeatMs: HEARTBEAT_MS });
    proxy = await openFaultProxy(Number(test.server.address.split(':')[1]));
  });
  afterEach(async () => {
    await test.close();
    await proxy.close();
  });

  it('asks a client that is silent', async () => {
    const client = await test.join();

    await until(() => client.find('ping') !== undefined);

    expect(client.goodbye).toBeUndefined();
  });

  it('is content with its answer', async () => {
    const client = await test.join();

    for (let count = 1; count <= 3; count += 1) {
      await until(() => client.all('ping').length >= count);
      client.send({ requestId: 0, pong: {} });
    }

    expect(client.goodbye).toBeUndefined();
    expect(test.server.stats().streams).toBe(1);
  });

  it('closes a stream whose client does not answer, within twice its time', async () => {
    const client = await test.join();
    const startMs = performance.now();

    const goodbye = await client.ended();

    expect(goodbye?.reason).toContain('nothing for 800 ms');
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(1.5 * HEARTBEAT_MS);
  });

  it('answers the ping of a client', async () => {
    const client = await test.join();

    const answer = await client.ask({ ping: {} });

    expect(answer.body).toBe('pong');
  });

  it('sends phase two elsewhere when a connection is open on one side only', async () => {
    const half = new RawClient(`127.0.0.1:${String(proxy.port)}`);
    test.clients.push(half);
    await half.hello({ instanceId: 'half', resources: [DB] });
    const xid = systemIds.newXid();
    const begin = { name: 'place', timeoutMs: 60_000 };
    await half.ask({ registerBranch: { xid, branchId: '1', ...DB, begin } });
    proxy.arm('black-hole', xid);
    half.send({ requestId: 99, status: { xid } });
    await until(() => proxy.struck === 1);

    const other = await test.join({ instanceId: 'other', resources: [DB] });
    const answering = setInterval(() => {
      other.send({ requestId: 0, pong: {} });
    }, HEARTBEAT_MS / 4);
    await other.ask({ commit: { xid, waitMs: 0 } });
    const call = await other.phaseTwo();
    clearInterval(answering);

    expect(call.targets).toMatchObject([{ xid }]);
    expect(test.server.stats().streams).toBe(1);
  });
});
