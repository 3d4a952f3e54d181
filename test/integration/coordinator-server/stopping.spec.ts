import { once } from 'node:events';
import { connect } from 'node:net';

import type { ServiceClientConstructor } from '@grpc/grpc-js';
import { ChannelCredentials, makeClientConstructor } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

import { systemIds } from '../../../lib/system/index.js';
import { until } from '../../support/until.js';
import { TestServer } from './support/test-server.js';

const AT = 1;
const begin = { name: 'place', timeoutMs: 60_000 };

describe('A server that stops', () => {
  let test: TestServer;
  beforeEach(async () => {
    test = await TestServer.open({ drainMs: 1_000 });
  });
  afterEach(() => test.close());

  it('says so to its clients, and ends their streams', async () => {
    const client = await test.join();

    await test.server.drain();
    await until(() => client.goodbye !== undefined);
    expect(client.status).toBeUndefined();
    await test.server.close();

    expect(await client.ended()).toMatchObject({ code: 'DTX_ERR_TC_CLOSED' });
    expect(client.status).toMatchObject({ code: 14 });
  });

  it('refuses requests and hellos while it drains', async () => {
    const client = await test.join();
    await test.server.drain();

    const refusal = await client.refusalOf({ begin: { xid: systemIds.newXid(), ...begin } });

    expect(refusal).toMatchObject({ code: 'DTX_ERR_TC_CLOSED' });
    await expect(test.connect().hello({ instanceId: 'late' })).rejects.toThrow('DTX_ERR_TC_CLOSED');
  });

  it('takes answers of phase two and detaches while it drains', async () => {
    const client = await test.join({ resources: [{ resourceId: 'db', type: AT }] });
    const xid = systemIds.newXid();
    await client.ask({
      registerBranch: { xid, branchId: '1', type: AT, resourceId: 'db', begin },
    });
    await client.ask({ commit: { xid, waitMs: 0 } });
    const { callId } = await client.phaseTwo();
    await test.server.drain();

    const requestId = client.newRequestId();
    client.send({ requestId, detach: { resourceId: 'db', type: AT } });
    client.send({ requestId: callId, outcomes: { allDone: true, outcomes: [] } });

    expect((await client.answerTo(requestId)).body).toBe('done');
  });

  it('leaves those who wait to the end of its coordinator', async () => {
    const client = await test.join();
    const xid = systemIds.newXid();
    await client.ask({ begin: { xid, ...begin } });
    const released = client.summaryOf({ awaitRelease: { xid, timeoutMs: 60_000 } });
    await client.ask({ status: { xid } });
    const startMs = performance.now();

    await test.server.drain();
    const drainedMs = performance.now() - startMs;
    await test.coordinator.close();

    expect(drainedMs).toBeLessThan(900);
    expect(await released).toMatchObject({ xid, status: 1 });
  });

  it('waits for work that is under way, for a bounded time', async () => {
    const client = await test.join({ resources: [{ resourceId: 'db', type: AT }] });
    const xid = systemIds.newXid();
    await client.ask({
      registerBranch: { xid, branchId: '1', type: AT, resourceId: 'db', begin },
    });
    await client.ask({ commit: { xid, waitMs: 0 } });
    await client.phaseTwo();
    client.send({ requestId: 77, detach: { resourceId: 'db', type: AT } });
    await client.ask({ status: { xid } });
    const startMs = performance.now();

    await test.server.drain();

    expect(performance.now() - startMs).toBeGreaterThanOrEqual(990);
  });

  it('closes while clients neither read nor go', async () => {
    const client = await test.join();
    client.stopReading();
    const { address } = test.server;
    const [host, port] = address.split(':');
    const mute = connect(Number(port), host);
    await once(mute, 'connect');
    const closed = once(mute.resume(), 'close');

    await test.server.close();

    expect(await closed).toEqual([false]);
    await expect(connected(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('closes once, however often it is asked to', async () => {
    await test.join();

    await Promise.all([test.server.close(), test.server.drain(), test.server.close()]);
    await test.server.close();

    expect(test.server.stats().streams).toBe(0);
    expect(test.server.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it.each(['', 'dtx.v1.CoordinatorService'])('tells health checks of "%s" first', async (name) => {
    const health = new HealthClient(test.server.address, ChannelCredentials.createInsecure());
    const { check: call } = health as unknown as { readonly check: HealthCheck };
    const check = (): Promise<string> =>
      new Promise((resolve) => {
        call.call(health, { service: name }, (_error, answer) => {
          resolve(answer?.status ?? 'no answer');
        });
      });
    const before = await check();

    await test.server.drain();

    expect([before, await check()]).toEqual(['SERVING', 'NOT_SERVING']);
    health.close();
  });
});

const HealthClient: ServiceClientConstructor = makeClientConstructor(service, 'Health');

type HealthCheck = (
  request: { readonly service: string },
  answer: (error: unknown, answer?: { readonly status: string }) => void,
) => void;

async function connected(address: string): Promise<void> {
  const [host, port] = address.split(':');
  await once(connect(Number(port), host), 'connect');
}
