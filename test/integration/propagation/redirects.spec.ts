import { once } from 'node:events';
import http from 'node:http';

import axios from 'axios';
import supertest from 'supertest';
import * as undici from 'undici';

import { installOutgoingHttp } from '../../../lib/propagation/index.js';
import type { TransactionManager } from '../../../lib/transaction/index.js';
import { echoServer, jsonOf, participantManager } from './fixtures.js';
import type { Seen, TestServer } from './fixtures.js';

// A bound for a machine that is busy with other things; alone, a test takes under two seconds.
jest.setTimeout(30_000);

let server: TestServer;
let other: TestServer;
let manager: TransactionManager;
let release: () => void;

beforeAll(async () => {
  [server, other] = await Promise.all([echoServer(), echoServer()]);
});
afterAll(() => Promise.all([server.close(), other.close()]));

beforeEach(() => {
  server.seen.length = 0;
  other.seen.length = 0;
  manager = participantManager();
  release = installOutgoingHttp(manager, {});
});
afterEach(() => {
  release();
});

const inTransaction = <T>(body: () => Promise<T>): Promise<T> => manager.join('x1').run(body);

/** The URL of a redirect at `from` that leads to `target`. */
const redirect = (from: string, target: string, kind: 'to' | 'see' = 'to'): string =>
  `${from}/${kind}?${encodeURIComponent(target)}`;

type Client = (url: string, method?: string) => Promise<unknown>;

const agent = new undici.Agent();
const redirecting = agent.compose(undici.interceptors.redirect({ maxRedirections: 5 }));

const CLIENTS: readonly (readonly [string, Client])[] = [
  ['axios', (url, method = 'GET') => axios.request({ url, method })],
  [
    'axios with its fetch adapter',
    (url, method = 'GET') => axios.request({ url, method, adapter: 'fetch' }),
  ],
  ['global fetch', async (url, method = 'GET') => (await fetch(url, { method })).text()],
  [
    'fetch of the package undici',
    async (url, method = 'GET') => (await undici.fetch(url, { method })).text(),
  ],
  [
    'the redirect interceptor of undici',
    async (url, method = 'GET') =>
      (await undici.request(url, { method, dispatcher: redirecting })).body.text(),
  ],
  ['a client that builds each request anew', followAnew],
  ['superagent, which copies the headers of the request before', viaSuperagent],
];
afterAll(() => agent.close());

async function viaSuperagent(url: string, method = 'GET'): Promise<unknown> {
  const { origin, pathname, search } = new URL(url);
  const client = supertest(origin);
  const path = `${pathname}${search}`;
  return (method === 'GET' ? client.get(path) : client.post(path)).redirects(5);
}

/** As node-fetch and got do it. */
async function followAnew(url: string, method = 'GET'): Promise<unknown> {
  const request = http.request(url, { method });
  const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
  request.end();
  const [response] = await answered;
  const { location } = response.headers;
  if (location === undefined) return jsonOf(response);
  response.resume();
  const next = response.statusCode === 303 ? 'GET' : method;
  return followAnew(new URL(location, url).href, next);
}

const xids = (seen: readonly Seen[]): unknown[] => seen.map(({ xid }) => xid);

describe.each(CLIENTS)('%s', (_name, client) => {
  it('keeps the xid on a redirect to the same host', async () => {
    await inTransaction(() => client(redirect(server.url, `${server.url}/end`)));
    expect(xids(server.seen)).toEqual(['x1', 'x1']);
  });

  it('keeps it on a relative redirect', async () => {
    await inTransaction(() => client(redirect(server.url, '/end')));
    expect(xids(server.seen)).toEqual(['x1', 'x1']);
  });

  it('drops it on a redirect to another host', async () => {
    await inTransaction(() => client(redirect(server.url, `${server.otherUrl}/end`)));
    expect(xids(server.seen)).toEqual(['x1', undefined]);
    expect(server.seen[1]?.host).toBe(`localhost:${String(server.port)}`);
  });

  it('drops it on a redirect to another port', async () => {
    await inTransaction(() => client(redirect(server.url, `${other.url}/end`)));
    expect([xids(server.seen), xids(other.seen)]).toEqual([['x1'], [undefined]]);
  });

  it('drops it on a redirect without a scheme', async () => {
    const target = other.url.replace('http:', '');
    await inTransaction(() => client(redirect(server.url, `${target}/end`)));
    expect(xids(other.seen)).toEqual([undefined]);
  });

  it('drops it on a POST that becomes a GET', async () => {
    await inTransaction(() => client(redirect(server.url, `${other.url}/end`, 'see'), 'POST'));
    expect(other.seen).toMatchObject([{ method: 'GET' }]);
    expect(xids(other.seen)).toEqual([undefined]);
  });

  it('drops it when the second redirect leaves the host', async () => {
    const last = redirect(server.url, `${other.url}/end`);
    await inTransaction(() => client(redirect(server.url, last)));
    expect([xids(server.seen), xids(other.seen)]).toEqual([['x1', 'x1'], [undefined]]);
  });

  it('does not give it back when another host leads back to the first', async () => {
    const back = redirect(other.url, `${server.url}/end`);
    await inTransaction(() => client(redirect(server.url, back)));
    expect([xids(server.seen), xids(other.seen)]).toEqual([['x1', undefined], [undefined]]);
  });

  it('does not give it back when the other host redirects to itself first', async () => {
    const back = redirect(other.url, `${server.url}/end`);
    const inner = redirect(other.url, back.slice(other.url.length));
    await inTransaction(() => client(redirect(server.url, inner)));
    expect(xids(server.seen)).toEqual(['x1', undefined]);
    expect(xids(other.seen)).toEqual([undefined, undefined]);
  });

  it('is not given an xid by a redirect of a host that has none', async () => {
    release();
    release = installOutgoingHttp(manager, { deny: ['localhost'] });
    await inTransaction(() => client(redirect(server.otherUrl, `${other.url}/end`)));
    expect([xids(server.seen), xids(other.seen)]).toEqual([[undefined], [undefined]]);
  });

  it('sends it again when the transaction itself goes to where a redirect led', async () => {
    await inTransaction(async () => {
      await client(redirect(server.url, `${other.url}/end`));
      await client(`${other.url}/end`);
    });
    expect(xids(other.seen)).toEqual([undefined, 'x1']);
  });

  it('drops it for each of a hundred redirects at once', async () => {
    const url = redirect(server.url, `${other.url}/end`);
    await inTransaction(() => Promise.all(Array.from({ length: 100 }, () => client(url))));
    expect(new Set(xids(server.seen))).toEqual(new Set(['x1']));
    expect(new Set(xids(other.seen))).toEqual(new Set([undefined]));
    expect(other.seen).toHaveLength(100);
  });
});

it('axios: drops the xid where beforeRedirect sends the hop to another host', async () => {
  const beforeRedirect = (options: Record<string, unknown>): void => {
    options['hostname'] = '127.0.0.1';
    options['port'] = other.port;
  };
  const url = redirect(server.url, `${server.url}/end`);
  await inTransaction(() => axios.get(url, { beforeRedirect }));
  expect([xids(server.seen), xids(other.seen)]).toEqual([['x1'], [undefined]]);
});

it('a client that sets the copied headers one by one loses the xid, and only that', async () => {
  await inTransaction(async () => {
    const first = http.get(redirect(server.url, `${other.url}/end`));
    const [response] = (await once(first, 'response')) as [http.IncomingMessage];
    response.resume();
    const next = http.request(`${other.url}/end`);
    const copied = { ...first.getHeaders(), 'tx-xid': 'mine' } as Record<string, string>;
    for (const [name, value] of Object.entries(copied)) next.setHeader(name, value);
    next.end();
    const [answer] = (await once(next, 'response')) as [http.IncomingMessage];
    await jsonOf(answer);
  });
  expect(other.seen).toMatchObject([{ host: `127.0.0.1:${String(server.port)}` }]);
  const names = other.seen[0]?.rawNames.filter((name) => /^tx[_-]xid$/i.test(name));
  expect(names).toEqual(['tx-xid']);
});
