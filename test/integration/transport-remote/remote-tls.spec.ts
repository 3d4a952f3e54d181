import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

import { CoordinatorUnreachableError, InvalidOptionError } from '../../../lib/protocol/index.js';
import type { TlsOptions } from '../../../lib/transport/remote/index.js';
import { certificate, privateKey } from '../coordinator-server/support/certificates.js';
import { TestServer } from '../coordinator-server/support/test-server.js';
import { RemoteWorld, beginning } from './remote-world.js';

const world = new RemoteWorld();
afterEach(() => world.close());

const node = { cert: certificate('node'), key: privateKey('node') };
const mutual = { ...node, ca: certificate('authority') };
const ca = certificate('authority');

type Scheme = 'dtx' | 'dtxs';

/** @returns the URL of a new node, by scheme and host */
async function serve(
  tls?: typeof mutual | typeof node,
): Promise<(from: Scheme, host?: string) => string> {
  const server = await TestServer.open(tls === undefined ? {} : { tls });
  world.onClose(() => server.close());
  const port = server.server.address.split(':').at(-1)!;
  return (scheme, host = '127.0.0.1') => `${scheme}://${host}:${port}`;
}

/** The error of a client that gets no node. */
async function refusalOf(url: string, tls?: TlsOptions): Promise<Error> {
  const given = tls === undefined ? {} : { tls };
  const lookUp = async (): Promise<string[]> => ['127.0.0.1'];
  const connecting = world.connect({ urls: [url], connectTimeoutMs: 700, lookUp, ...given });
  const error: unknown = await connecting.then(
    () => new Error('it was connected'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CoordinatorUnreachableError);
  return error as Error;
}

describe('A client with dtxs://', () => {
  it.each(['localhost', '127.0.0.1'])(
    'works at %s with the authority of the node',
    async (host) => {
      const url = await serve(node);

      const client = await world.connect({
        urls: [url('dtxs', host)],
        tls: { ca },
        lookUp: async () => ['127.0.0.1'],
      });

      await client.begin(beginning('x1'));
      await expect(client.status({ xid: 'x1' })).resolves.toMatchObject({ xid: 'x1' });
    },
  );

  it('takes PEM as text', async () => {
    const url = await serve(node);

    const client = await world.connect({ urls: [url('dtxs')], tls: { ca: String(ca) } });

    await expect(client.begin(beginning('x1'))).resolves.toBeUndefined();
  });

  // Node warns of an address as a server name (DEP0123), once in a process.
  it.each([
    ['an address', '127.0.0.1', false],
    ['a name', 'localhost', 'localhost'],
  ])('asks a node at %s for the server name: %s -> %s', async (_kind, host, expected) => {
    const asked: unknown[] = [];
    const server = createServer({ ...node, ALPNProtocols: ['h2'] }, (socket) => {
      asked.push(socket.servername);
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    world.onClose(() => void server.close());
    const url = `dtxs://${host}:${String((server.address() as AddressInfo).port)}`;

    await refusalOf(url, { ca });

    expect(new Set(asked)).toEqual(new Set([expected]));
  });

  it('compares the certificate with the server name when there is one', async () => {
    const url = await serve(node);
    const lookUp = async (): Promise<string[]> => ['127.0.0.1'];

    const named = { ca, serverName: 'localhost' };
    await world.connect({ urls: [url('dtxs', 'tc.test')], tls: named, lookUp });

    expect((await refusalOf(url('dtxs'), { ca, serverName: 'tc.test' })).message).toMatch(
      /tc\.test.*altnames|does not match/,
    );
  });

  it('compares it with the address when that is what the URL names', async () => {
    const server = await TestServer.open({ tls: node, listen: '127.0.0.2:0' });
    world.onClose(() => server.close());

    const { message } = await refusalOf(`dtxs://${server.server.address}`, { ca });

    expect(message).toContain('127.0.0.2 is not in the cert');
  });

  it('refuses a node that another authority has signed, and says why', async () => {
    const url = await serve(node);

    const { message } = await refusalOf(url('dtxs'), { ca: certificate('stranger-authority') });

    expect(message).toMatch(/certificate/);
    expect(message).toContain('coordinator.tls.ca');
  });

  it('is let in by a node that asks for a certificate', async () => {
    const url = await serve(mutual);

    const client = await world.connect({
      urls: [url('dtxs')],
      tls: { ca, cert: certificate('client'), key: privateKey('client') },
    });

    await expect(client.begin(beginning('x1'))).resolves.toBeUndefined();
  });

  it.each([
    ['none', {}],
    ['that of a stranger', { cert: certificate('stranger'), key: privateKey('stranger') }],
  ])('is not let in there with %s, and hears what it may lack', async (_name, shown) => {
    const url = await serve(mutual);

    const { message } = await refusalOf(url('dtxs'), { ca, ...shown });

    expect(message).toContain('coordinator.tls.cert');
  });

  it('hears at a node without TLS that this is the wrong scheme', async () => {
    const url = await serve();

    const { message } = await refusalOf(url('dtxs'), { ca });

    expect(message).toMatch(/write dtx:\/\//i);
  });

  it('wants PEM, and no file names', async () => {
    const tls = { ca, cert: './client.crt', key: './client.key' };

    const connecting = world.connect({ urls: ['dtxs://127.0.0.1:1'], tls });

    await expect(connecting).rejects.toThrow(InvalidOptionError);
    await expect(connecting).rejects.toThrow('not the names of files');
  });
});

describe('A client with dtx://', () => {
  it('hears at a node with TLS that this is the wrong scheme', async () => {
    const url = await serve(node);

    const { message } = await refusalOf(url('dtx'));

    expect(message).toMatch(/write dtxs:\/\//i);
  });
});
