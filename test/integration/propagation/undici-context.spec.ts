import * as undici from 'undici';

import { installOutgoingHttp } from '../../../lib/propagation/index.js';
import type { TransactionManager } from '../../../lib/transaction/index.js';
import { runInContext } from '../../../lib/transaction/index.js';
import { echoServer, listen, participantManager, recordedLog } from './fixtures.js';
import type { RecordedLog, Seen, TestServer } from './fixtures.js';

// A bound for a machine that is busy with other things; alone, a test takes under two seconds.
jest.setTimeout(30_000);

let server: TestServer;
let log: RecordedLog;
let manager: TransactionManager;
let release: () => void;

beforeAll(async () => {
  server = await echoServer();
});
afterAll(() => server.close());

beforeEach(() => {
  server.seen.length = 0;
  log = recordedLog();
  manager = participantManager(log);
  release = installOutgoingHttp(manager, {});
});
afterEach(() => {
  release();
});

/** Calls `/1` … `/count` at once, each in a transaction of the same name. */
async function callEach(count: number, call: (url: string) => Promise<unknown>): Promise<void> {
  const calls = Array.from({ length: count }, (_, index) => {
    const xid = `x${String(index + 1)}`;
    return manager.join(xid).run(() => call(`${server.url}/${xid}`));
  });
  await Promise.all(calls);
}

const strangers = (seen: readonly Seen[]): unknown[] =>
  seen.filter(({ url, xid }) => url !== `/${xid ?? 'none'}`).map(({ url, xid }) => [url, xid]);

/** Runs the body with a dispatcher that is closed afterwards. */
async function withDispatcher<T extends undici.Dispatcher>(
  dispatcher: T,
  body: (dispatcher: T) => Promise<void>,
): Promise<void> {
  try {
    await body(dispatcher);
  } finally {
    await dispatcher.close();
  }
}

describe('a pool with limited connections queues requests, and each still has its own xid', () => {
  const limited = (): undici.Agent => new undici.Agent({ connections: 2 });

  it('request of the package undici', () =>
    withDispatcher(limited(), async (dispatcher) => {
      await callEach(50, async (url) => (await undici.request(url, { dispatcher })).body.dump());
      expect(server.seen).toHaveLength(50);
      expect(strangers(server.seen)).toEqual([]);
    }));

  it('fetch of the package undici', () =>
    withDispatcher(limited(), async (dispatcher) => {
      await callEach(50, async (url) => (await undici.fetch(url, { dispatcher })).text());
      expect(server.seen).toHaveLength(50);
      expect(strangers(server.seen)).toEqual([]);
    }));

  it('global fetch with a dispatcher of the package', () =>
    withDispatcher(limited(), async (dispatcher) => {
      const init = { dispatcher } as unknown as RequestInit;
      await callEach(50, async (url) => (await fetch(url, init)).text());
      expect(server.seen).toHaveLength(50);
      expect(strangers(server.seen)).toEqual([]);
    }));

  it('and a request from outside that waited in the queue has none', () =>
    withDispatcher(limited(), async (dispatcher) => {
      const outside = (): Promise<unknown> =>
        runInContext(undefined, async () =>
          (await undici.fetch(`${server.url}/none`, { dispatcher })).text(),
        );
      await Promise.all([
        callEach(10, async (url) => (await undici.fetch(url, { dispatcher })).text()),
        ...Array.from({ length: 10 }, outside),
      ]);
      expect(server.seen).toHaveLength(20);
      expect(strangers(server.seen)).toEqual([]);
    }));

  it('pipelined over one client', () =>
    withDispatcher(new undici.Client(server.url, { pipelining: 5 }), async (client) => {
      await callEach(20, async (url) => {
        const { body } = await client.request({ method: 'GET', path: new URL(url).pathname });
        await body.dump();
      });
      expect(strangers(server.seen)).toEqual([]);
    }));
});

describe('what undici sends again by itself belongs to the same transaction', () => {
  it('a redirect followed by its interceptor, over connections of other transactions', () =>
    withDispatcher(new undici.Agent({ connections: 2 }), async (agent) => {
      const dispatcher = agent.compose(undici.interceptors.redirect({ maxRedirections: 3 }));
      await callEach(30, async (url) => {
        const end = new URL(url).pathname;
        await (await undici.request(`${server.url}/to?${end}`, { dispatcher })).body.dump();
      });
      const ends = server.seen.filter(({ url }) => !url.startsWith('/to'));
      expect(ends).toHaveLength(30);
      expect(strangers(ends)).toEqual([]);
    }));

  it('a redirect of a dispatcher that was composed before we came', () => {
    release();
    const agent = new undici.Agent({ connections: 2 });
    const dispatcher = agent.compose(undici.interceptors.redirect({ maxRedirections: 3 }));
    release = installOutgoingHttp(manager, {});
    return withDispatcher(agent, async () => {
      await callEach(30, async (url) => {
        const end = new URL(url).pathname;
        await (await undici.request(`${server.url}/to?${end}`, { dispatcher })).body.dump();
      });
      const ends = server.seen.filter(({ url }) => !url.startsWith('/to'));
      expect(ends).toHaveLength(30);
      expect(strangers(ends)).toEqual([]);
    });
  });

  it('a retry after a failure', async () => {
    const failed = new Set<string>();
    const seen: { url: string; xid: string }[] = [];
    const flaky = await listen((request, response) => {
      const url = request.url ?? '';
      seen.push({ url, xid: String(request.headers['tx_xid']) });
      response.statusCode = failed.has(url) ? 200 : 503;
      failed.add(url);
      response.end();
    });
    const retryOptions = { maxRetries: 2, minTimeout: 1, maxTimeout: 5 };
    const agent = new undici.RetryAgent(new undici.Agent({ connections: 2 }), retryOptions);
    const calls = Array.from({ length: 20 }, (_, index) =>
      manager.join(`x${String(index)}`).run(async () => {
        const url = `${flaky.url}/x${String(index)}`;
        await (await undici.request(url, { dispatcher: agent })).body.dump();
      }),
    );
    await Promise.all(calls);
    await agent.close();
    await flaky.close();
    expect(seen).toHaveLength(40);
    expect(seen.filter(({ url, xid }) => url !== `/${xid}`)).toEqual([]);
  });
});

describe('a copy of undici whose dispatchers cannot be found', () => {
  let copy: typeof undici;

  beforeAll(async () => {
    // Its pools are no global dispatcher, and it is not in the module cache that we can see.
    await jest.isolateModulesAsync(async () => {
      copy = await import('undici');
    });
  });

  it('is another copy', () => {
    expect(copy.Agent).not.toBe(undici.Agent);
  });

  it('carries the xid when nothing is queued', async () => {
    const dispatcher = new copy.Agent();
    await callEach(20, async (url) => (await copy.fetch(url, { dispatcher })).text());
    await dispatcher.close();
    expect(strangers(server.seen)).toEqual([]);
  });

  it('carries the right xid when request() was queued', async () => {
    const dispatcher = new copy.Agent({ connections: 2 });
    await callEach(20, async (url) => (await copy.request(url, { dispatcher })).body.dump());
    await dispatcher.close();
    expect(strangers(server.seen)).toEqual([]);
  });

  it('carries no xid rather than a wrong one when fetch was queued, and warns once', async () => {
    const dispatcher = new copy.Agent({ connections: 2 });
    await callEach(20, async (url) => (await copy.fetch(url, { dispatcher })).text());
    await dispatcher.close();
    const wrong = server.seen.filter(({ url, xid }) => xid !== undefined && url !== `/${xid}`);
    expect(wrong).toEqual([]);
    expect(server.seen.filter(({ xid }) => xid === undefined)).toHaveLength(18);
    const warnings = log.lines.filter((line) => line.startsWith('warn: A queued request'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('setGlobalDispatcher');
  });
});
