import { TestServer } from './support/test-server.js';

afterEach(() => TestServer.closeAll());

describe('A server on loopback', () => {
  it.each(['127.0.0.1:0', 'localhost:0', 0])('asks nobody for a key: %s', async (listen) => {
    const test = await TestServer.open({ listen });

    const client = await test.join();

    expect(client.goodbye).toBeUndefined();
  });

  it('says which port it has taken', async () => {
    const test = await TestServer.open({ listen: 0 });

    expect(test.server.address).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
  });

  it('fails as the operating system says when the port is taken', async () => {
    const test = await TestServer.open();

    const second = TestServer.open({ listen: test.server.address });

    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('gives the port back', async () => {
    const test = await TestServer.open();
    await test.join();
    const { address } = test.server;
    await test.close();

    const next = await TestServer.open({ listen: address });

    expect(next.server.address).toBe(address);
  });
});

describe('A server beyond loopback', () => {
  // No machine has this address: binding it would fail with another error.
  it('is refused before it has tried to bind the port', async () => {
    const opening = TestServer.open({ listen: '192.0.2.1:7091' });

    await expect(opening).rejects.toMatchObject({
      code: 'DTX_ERR_CONFIG_INSECURE_LISTEN',
      address: '192.0.2.1:7091',
    });
  });
});
