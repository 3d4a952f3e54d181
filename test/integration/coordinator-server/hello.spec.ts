import type { WireHello } from '../../../lib/protocol/wire/index.js';
import { TestServer } from './support/test-server.js';

describe('The hello of a client', () => {
  let test: TestServer;
  beforeEach(async () => {
    test = await TestServer.open({
      versions: { min: 1, max: 2 },
      heartbeatMs: 1_000,
      helloMs: 200,
    });
  });
  afterEach(() => test.close());

  it.each([
    { ours: '1 to 2', theirs: { versionMin: 1, versionMax: 1 }, agreed: 1 },
    { ours: '1 to 2', theirs: { versionMin: 2, versionMax: 2 }, agreed: 2 },
    { ours: '1 to 2', theirs: { versionMin: 1, versionMax: 2 }, agreed: 2 },
    { ours: '1 to 2', theirs: { versionMin: 2, versionMax: 3 }, agreed: 2 },
  ])('of versions $theirs is answered with version $agreed', async ({ agreed, theirs }) => {
    const welcome = await test.connect().hello(theirs);

    expect(welcome).toMatchObject({ version: agreed, inFlightMax: 1_024, heartbeatMs: 1_000 });
  });

  it.each([
    { theirs: { versionMin: 3, versionMax: 3 }, told: 'version 3 and the coordinator 1 to 2' },
    { theirs: { versionMin: 0, versionMax: 0 }, told: 'version 0 and the coordinator 1 to 2' },
    { theirs: { versionMin: 3, versionMax: 1 }, told: 'version 3 to 1' },
  ])('of versions $theirs is refused', async ({ theirs, told }) => {
    const client = test.connect();

    await expect(client.hello(theirs)).rejects.toThrow('DTX_ERR_PROTOCOL_VERSION');
    expect(client.goodbye?.reason).toContain(told);
    expect(client.status).toMatchObject({ code: 9 });
  });

  it.each<Partial<WireHello>>([
    { namespace: '' },
    { namespace: 'a b' },
    { namespace: 'x'.repeat(129) },
    { applicationId: 'böse' },
    { instanceId: '' },
    { resources: [{ resourceId: 'tab\there', type: 1 }] },
    { resources: [{ resourceId: '', type: 1 }] },
  ])('with %j is refused', async (wrong) => {
    const client = test.connect();

    await expect(client.hello(wrong)).rejects.toThrow('DTX_ERR_PROTOCOL_VIOLATION');
  });

  it.each([true, false])('is told whether other nodes share the store: %s', async (sharesStore) => {
    const node = await TestServer.open({ sharesStore });

    expect(await node.connect().hello()).toMatchObject({ sharesStore });
    await node.close();
  });

  it('comes first', async () => {
    const client = test.connect();

    client.send({ requestId: 1, status: { xid: 'a' } });

    expect(await client.ended()).toMatchObject({
      code: 'DTX_ERR_PROTOCOL_VIOLATION',
      reason: expect.stringContaining('where its hello should be'),
    });
  });

  it('comes soon', async () => {
    const client = test.connect();
    client.sendBytes(new Uint8Array());

    expect(await client.ended()).toMatchObject({
      reason: expect.stringContaining('no hello within 200 ms'),
    });
  });

  it('comes once', async () => {
    const client = await test.join();

    await expect(client.ask({ hello: hello() })).rejects.toThrow('second hello');
  });

  it('of an instance that is connected already takes its place', async () => {
    const old = await test.join({ instanceId: 'orders-7' });

    const young = await test.join({ instanceId: 'orders-7' });

    expect((await old.ended())?.reason).toContain('has taken the place of this one');
    expect(await young.summaryOf({ status: { xid: 'a' } })).toMatchObject({ status: 6 });
    expect(test.server.stats().streams).toBe(1);
  });

  it('leaves a resource aside whose branch type only the client knows', async () => {
    const client = await test.join({ resources: [{ resourceId: 'future', type: 99 }] });

    const refusal = await client.refusalOf({ attach: { resourceId: 'future', type: 99 } });

    expect(refusal).toMatchObject({ code: 'DTX_ERR_PROTOCOL_UNKNOWN' });
  });
});

function hello(): WireHello {
  return {
    versionMin: 1,
    versionMax: 1,
    namespace: 'default',
    applicationId: 'orders',
    instanceId: 'orders-1',
    resources: [],
    credential: '',
    software: '',
  };
}
