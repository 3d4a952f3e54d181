import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { installOutgoingHttp } from '../../../lib/propagation/index.js';
import type { TransactionManager } from '../../../lib/transaction/index.js';
import { answerTo, echoServer, jsonOf, participantManager } from './fixtures.js';
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

type CallForm = (port: number) => http.ClientRequest;

const CALL_FORMS: readonly (readonly [string, CallForm])[] = [
  ['request(text)', (port) => http.request(`http://127.0.0.1:${String(port)}/`)],
  ['request(URL)', (port) => http.request(new URL(`http://127.0.0.1:${String(port)}/`))],
  ['request(options)', (port) => http.request({ hostname: '127.0.0.1', port })],
  ['request(options with host)', (port) => http.request({ host: '127.0.0.1', port })],
  ['request(options without host)', (port) => http.request({ port })],
  ['request(options, callback)', (port) => http.request({ host: '127.0.0.1', port }, ignore)],
  [
    'request(text, options)',
    (port) => http.request(`http://127.0.0.1:${String(port)}/`, { method: 'POST' }),
  ],
  [
    'request(text, options, callback)',
    (port) => http.request(`http://127.0.0.1:${String(port)}/`, { method: 'POST' }, ignore),
  ],
  ['request(text, callback)', (port) => http.request(`http://127.0.0.1:${String(port)}/`, ignore)],
  [
    'request(text, options that move the port)',
    (port) => http.request('http://127.0.0.1:1/', { port }),
  ],
  [
    'request(URL, options, callback)',
    (port) => http.request(new URL(`http://127.0.0.1:${String(port)}/`), { agent: false }, ignore),
  ],
  ['get(text)', (port) => http.get(`http://127.0.0.1:${String(port)}/`)],
  [
    'get(text, options, callback)',
    (port) => http.get(`http://127.0.0.1:${String(port)}/`, { headers: { a: 'b' } }, ignore),
  ],
  ['get(options, callback)', (port) => http.get({ hostname: '127.0.0.1', port }, ignore)],
  [
    'https.request(options) over a plain socket',
    (port) => https.request({ host: '127.0.0.1', port, createConnection: plainSocket }),
  ],
  [
    'https.get(options) over a plain socket',
    (port) => https.get({ host: '127.0.0.1', port, createConnection: plainSocket }),
  ],
  [
    'headers as a flat list',
    (port) => http.request({ host: '127.0.0.1', port, headers: ['Host', 'a', 'b', 'c'] }),
  ],
  [
    'headers as a list of pairs',
    (port) => {
      const headers = [
        ['Host', 'a'],
        ['b', 'c'],
      ] as unknown as string[];
      return http.request(`http://127.0.0.1:${String(port)}/`, { headers }, ignore);
    },
  ],
  [
    'expect: 100-continue, whose head is sent at once',
    (port) => http.request({ host: '127.0.0.1', port, headers: { Expect: '100-continue' } }),
  ],
];

function ignore(): void {
  // The answer is read by the test.
}

function plainSocket(options: http.ClientRequestArgs): net.Socket {
  return net.connect(Number(options.port), '127.0.0.1');
}

describe('a request made in a transaction carries its xid', () => {
  it.each(CALL_FORMS)('%s', async (_form, call) => {
    const seen = await inTransaction(() => answerTo(call(server.port)));
    expect(seen.xid).toBe('x1');
    expect(seen.rawNames.filter((name) => name === 'TX_XID')).toHaveLength(1);
  });

  it('with a body that is streamed', async () => {
    const seen = await inTransaction(async () => {
      const request = http.request(server.url, { method: 'POST' });
      const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
      await pipeline(Readable.from(['one ', 'two ', 'three']), request);
      const [response] = await answered;
      return jsonOf<Seen>(response);
    });
    expect(seen).toMatchObject({ method: 'POST', body: 'one two three', xid: 'x1' });
  });

  it('when the body follows an expected 100-continue', async () => {
    const seen = await inTransaction(async () => {
      const headers = { expect: '100-continue', 'content-length': '4' };
      const request = http.request(server.url, { method: 'PUT', headers });
      request.flushHeaders();
      await once(request, 'continue');
      request.write('body');
      return answerTo(request);
    });
    expect(seen).toMatchObject({ method: 'PUT', body: 'body', xid: 'x1' });
  });

  it('over a connection that is kept alive, each request its own', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const call = (xid: string): Promise<Seen> =>
      manager.join(xid).run(() => answerTo(http.request(server.url, { agent })));
    const seen = await Promise.all(['x1', 'x2', 'x3'].map(call));
    const outside = await answerTo(http.request(server.url, { agent }));
    agent.destroy();
    expect([...seen, outside].map(({ xid }) => xid)).toEqual(['x1', 'x2', 'x3', undefined]);
  });
});

describe('a request carries no xid', () => {
  it('outside any transaction', async () => {
    const seen = await answerTo(http.request(server.url));
    expect(seen.xid).toBeUndefined();
  });

  it('after its transaction has ended', async () => {
    const transaction = manager.join('x1');
    const seen = await transaction.run(async () => {
      transaction.finish();
      return answerTo(http.request(server.url));
    });
    expect(seen.xid).toBeUndefined();
  });

  it('when the host is denied', async () => {
    const other = participantManager();
    const releaseOther = installOutgoingHttp(other, { deny: ['127.0.0.1'] });
    const seen = await other.join('x1').run(() => answerTo(http.request(server.url)));
    releaseOther();
    expect(seen.xid).toBeUndefined();
  });

  it('when the port is denied', async () => {
    const other = participantManager();
    const deny = [`127.0.0.1:${String(server.port)}`];
    const releaseOther = installOutgoingHttp(other, { deny });
    const seen = await other.join('x1').run(() => answerTo(http.request(server.url)));
    releaseOther();
    expect(seen.xid).toBeUndefined();
  });

  it('when the host has a form that resolvers read differently', async () => {
    const seen = await inTransaction(() =>
      answerTo(http.request({ hostname: '127.1', port: server.port })),
    );
    expect(seen.xid).toBeUndefined();
  });

  it('when it goes through a private proxy to a public host', async () => {
    const path = 'http://api.example.com/items';
    const seen = await inTransaction(() =>
      answerTo(http.request({ host: '127.0.0.1', port: server.port, path })),
    );
    expect(seen.url).toBe(path);
    expect(seen.xid).toBeUndefined();
  });

  it('when it opens a tunnel, which is for the proxy', async () => {
    const heads: http.IncomingHttpHeaders[] = [];
    server.server.once('connect', (request, socket) => {
      heads.push(request.headers);
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
    await inTransaction(async () => {
      const options = { host: '127.0.0.1', port: server.port, method: 'connect', path: 'stock:80' };
      const request = http.request(options).end();
      const [, socket] = (await once(request, 'connect')) as [unknown, net.Socket];
      socket.destroy();
    });
    expect(heads).toEqual([expect.not.objectContaining({ tx_xid: 'x1' })]);
  });

  it('when its manager switched it off', async () => {
    const other = participantManager();
    const releaseOther = installOutgoingHttp(other, { outgoing: false });
    const seen = await other.join('x1').run(() => answerTo(http.request(server.url)));
    releaseOther();
    expect(seen.xid).toBeUndefined();
  });

  it('after the last application has released', async () => {
    release();
    const seen = await inTransaction(() => answerTo(http.request(server.url)));
    expect(seen.xid).toBeUndefined();
  });
});

it('goes through a private proxy to a private host', async () => {
  const path = 'http://stock.internal/items';
  const seen = await inTransaction(() =>
    answerTo(http.request({ host: '127.0.0.1', port: server.port, path })),
  );
  expect(seen).toMatchObject({ url: path, xid: 'x1' });
});

it('is judged by where it really goes, when options and URL differ', async () => {
  release();
  release = installOutgoingHttp(manager, { deny: ['localhost'] });
  const { port } = server;
  const seen = await inTransaction(async () => [
    await answerTo(http.request('http://localhost:1/', { hostname: '127.0.0.1', port })),
    await answerTo(http.request(server.url, { hostname: 'localhost' })),
  ]);
  expect(seen.map(({ xid }) => xid)).toEqual(['x1', undefined]);
});
