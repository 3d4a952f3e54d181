import net from 'node:net';
import { Readable } from 'node:stream';

import * as undici from 'undici';

import { installOutgoingHttp } from '../../../lib/propagation/index.js';
import type { TransactionManager } from '../../../lib/transaction/index.js';
import { echoServer, participantManager } from './fixtures.js';
import type { Seen, TestServer } from './fixtures.js';

let server: TestServer;
let manager: TransactionManager;
let release: () => void;

beforeAll(async () => {
  server = await echoServer();
});
afterAll(() => server.close());

beforeEach(() => {
  server.seen.length = 0;
  manager = participantManager();
  release = installOutgoingHttp(manager, {});
});
afterEach(() => {
  release();
});

const inTransaction = <T>(body: () => Promise<T>): Promise<T> => manager.join('x1').run(body);

interface Init {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

type Call = (url: string, init?: Init) => Promise<Seen>;

const globalFetch: Call = async (url, init) => (await (await fetch(url, init)).json()) as Seen;
const npmFetch: Call = async (url, init) => (await (await undici.fetch(url, init)).json()) as Seen;
const npmRequest: Call = async (url, init = {}) => {
  const { method = 'GET', ...rest } = init;
  const { body } = await undici.request(url, { method, ...rest });
  return (await body.json()) as Seen;
};

describe.each([
  ['global fetch', globalFetch],
  ['fetch of the package undici', npmFetch],
  ['request of the package undici', npmRequest],
])('%s', (_name, call) => {
  it('carries the xid inside a transaction', async () => {
    const seen = await inTransaction(() => call(server.url));
    expect(seen.xid).toBe('x1');
    expect(seen.rawNames.filter((name) => name === 'TX_XID')).toHaveLength(1);
  });

  it('carries it with a body', async () => {
    const seen = await inTransaction(() => call(server.url, { method: 'POST', body: 'text' }));
    expect(seen).toMatchObject({ method: 'POST', body: 'text', xid: 'x1' });
  });

  it('carries nothing outside', async () => {
    expect((await call(server.url)).xid).toBeUndefined();
  });

  it('carries nothing after the transaction has ended', async () => {
    const transaction = manager.join('x1');
    const seen = await transaction.run(() => {
      transaction.finish();
      return call(server.url);
    });
    expect(seen.xid).toBeUndefined();
  });

  it('carries nothing to a denied host', async () => {
    release();
    release = installOutgoingHttp(manager, { deny: ['localhost'] });
    const seen = await inTransaction(() => call(server.otherUrl));
    expect(seen.xid).toBeUndefined();
  });

  it('carries nothing after the last application has released', async () => {
    release();
    expect((await inTransaction(() => call(server.url))).xid).toBeUndefined();
  });

  it.each(['TX_XID', 'tx_xid'])('leaves the user’s own %s as it is', async (name) => {
    const seen = await inTransaction(() => call(server.url, { headers: { [name]: 'mine' } }));
    expect(seen.xid).toBe('mine');
  });

  it('does not contradict the user’s own TX-XID', async () => {
    const seen = await inTransaction(() => call(server.url, { headers: { 'TX-XID': 'mine' } }));
    expect(seen.xid).toBeUndefined();
  });

  it('does not change the user’s headers', async () => {
    const headers = { a: 'b' };
    await inTransaction(() => call(server.url, { headers }));
    expect(headers).toEqual({ a: 'b' });
  });
});

it('a body that is streamed by undici goes with the xid', async () => {
  const body = Readable.from(['one ', 'two']);
  const seen = await inTransaction(async () => {
    const response = await undici.request(server.url, { method: 'PUT', body });
    return (await response.body.json()) as Seen;
  });
  expect(seen).toMatchObject({ body: 'one two', xid: 'x1' });
});

it('a Request object goes with the xid', async () => {
  const request = new Request(server.url, { method: 'POST', body: 'text' });
  const seen = await inTransaction(async () => (await (await fetch(request)).json()) as Seen);
  expect(seen).toMatchObject({ body: 'text', xid: 'x1' });
});

it('a private undici proxy in front of a public host gets no xid', async () => {
  const client = new undici.Client(server.url);
  const path = 'http://api.example.com/items';
  await inTransaction(async () => {
    const { body } = await client.request({ method: 'GET', path });
    await body.dump();
  });
  await client.close();
  expect(server.seen.map(({ url, xid }) => [url, xid])).toEqual([[path, undefined]]);
});

it('a tunnel that undici opens gets no xid, and the request through it does', async () => {
  const heads: unknown[] = [];
  server.server.once('connect', (request, socket) => {
    heads.push(request.headers['tx_xid']);
    const upstream = net.connect(server.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
  });
  const dispatcher = new undici.ProxyAgent({ uri: server.url, proxyTunnel: true });
  await inTransaction(async () => {
    const { body } = await undici.request('http://stock.internal/items', { dispatcher });
    await body.dump();
  });
  await dispatcher.close();
  expect(heads).toEqual([undefined]);
  expect(server.seen).toMatchObject([{ url: '/items', host: 'stock.internal', xid: 'x1' }]);
});
