import { once } from 'node:events';
import { connect } from 'node:net';

import { certificate, privateKey, tlsAs } from './support/certificates.js';
import { TestServer } from './support/test-server.js';

describe('A server with TLS', () => {
  const tls = { cert: certificate('node'), key: privateKey('node') };
  let test: TestServer;
  afterEach(() => test.close());

  it('serves clients that trust its certificate', async () => {
    test = await TestServer.open({ tls });

    const welcome = await test.connect(tlsAs()).hello();

    expect(welcome.version).toBe(1);
  });

  it('takes PEM as text', async () => {
    test = await TestServer.open({ tls: { cert: String(tls.cert), key: String(tls.key) } });

    const welcome = await test.connect(tlsAs()).hello();

    expect(welcome.version).toBe(1);
  });

  it('has nothing to say to those who speak in clear', async () => {
    test = await TestServer.open({ tls });
    const client = test.connect();

    await expect(client.hello()).rejects.toThrow('no goodbye');
    expect(client.status).toMatchObject({ code: 14 });
  });

  it('goes on after connections that break off in the middle of the handshake', async () => {
    test = await TestServer.open({ tls });
    const [host, port] = test.server.address.split(':');
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00\x01', '']) {
      const socket = connect(Number(port), host);
      await once(socket, 'connect');
      socket.write(bytes, 'latin1');
      socket.resetAndDestroy();
      await once(socket, 'close');
    }

    const welcome = await test.connect(tlsAs()).hello();

    expect(welcome.version).toBe(1);
  });

  it('serves with mutual TLS whoever shows a certificate of its authority', async () => {
    test = await TestServer.open({ tls: { ...tls, ca: certificate('authority') } });

    const welcome = await test.connect(tlsAs('client')).hello();

    expect(welcome.version).toBe(1);
  });

  it.each([undefined, 'stranger' as const])(
    'does not with mutual TLS serve a client with certificate: %s',
    async (identity) => {
      test = await TestServer.open({ tls: { ...tls, ca: certificate('authority') } });

      await expect(test.connect(tlsAs(identity)).hello()).rejects.toThrow('no goodbye');
      expect(test.server.stats()).toMatchObject({ streams: 0, messagesReceived: 0 });
    },
  );

  it('asks for the key beside the certificate', async () => {
    test = await TestServer.open({ tls: { ...tls, ca: certificate('authority') }, keys: ['k'] });

    const refused = test.connect(tlsAs('client')).hello({ credential: 'wrong' });

    await expect(refused).rejects.toThrow('DTX_ERR_PROTOCOL_CREDENTIAL');
  });
});
