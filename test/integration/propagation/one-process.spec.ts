import http from 'node:http';

import type * as Propagation from '../../../lib/propagation/index.js';
import { installOutgoingHttp } from '../../../lib/propagation/index.js';
import type { TransactionManager } from '../../../lib/transaction/index.js';
import { answerTo, echoServer, participantManager, recordedLog } from './fixtures.js';
import type { Seen, TestServer } from './fixtures.js';

const plainRequest = http.request;

let server: TestServer;
let manager: TransactionManager;
let release: () => void;

beforeAll(async () => {
  server = await echoServer();
});
afterAll(() => server.close());

beforeEach(() => {
  manager = participantManager();
  release = installOutgoingHttp(manager, {});
});
afterEach(() => {
  release();
});

const inTransaction = <T>(body: () => Promise<T>): Promise<T> => manager.join('x1').run(body);

async function secondCopy(): Promise<typeof Propagation> {
  let copy: unknown;
  await jest.isolateModulesAsync(async () => {
    copy = await import('../../../lib/propagation/index.js');
  });
  return copy as typeof Propagation;
}

describe('in one process', () => {
  it('each manager has its own rules', async () => {
    const other = participantManager();
    const releaseOther = installOutgoingHttp(other, { deny: ['localhost'] });
    const call = (by: TransactionManager, url: string): Promise<Seen> =>
      by.join('x1').run(() => answerTo(http.request(url)));
    const seen = [await call(manager, server.otherUrl), await call(other, server.otherUrl)];
    releaseOther();
    expect(seen.map(({ xid }) => xid)).toEqual(['x1', undefined]);
  });

  it('a manager without rules gets the default ones', async () => {
    const other = participantManager();
    const seen = await other.join('x1').run(() => answerTo(http.request(server.url)));
    expect(seen.xid).toBe('x1');
  });

  it('http.request is wrapped once for all applications, and restored after the last', () => {
    const wrapped = http.request;
    const releaseOther = installOutgoingHttp(participantManager(), {});
    expect(http.request).toBe(wrapped);
    releaseOther();
    releaseOther();
    expect(http.request).toBe(wrapped);
    release();
    expect(http.request).not.toBe(wrapped);
    release = installOutgoingHttp(manager, {});
  });

  it('the wrapper has the name, the length and the marks of what it wraps', () => {
    release();
    const marked = (_a: unknown, _b: unknown) => undefined;
    Object.assign(marked, { __mark: 1 });
    http.request = marked as unknown as typeof http.request;
    release = installOutgoingHttp(manager, {});
    const wrapper = http.request as unknown as typeof marked & { readonly __mark: number };
    release();
    http.request = plainRequest;
    expect([wrapper.name, wrapper.length, wrapper.__mark]).toEqual(['marked', 2, 1]);
  });

  it('a tool that wrapped http.request after us works on when we go and come back', async () => {
    const ours = http.request;
    const theirs = (...args: Parameters<typeof http.request>): http.ClientRequest => ours(...args);
    http.request = theirs as typeof http.request;
    release();
    const whileGone = await inTransaction(() => answerTo(http.request(server.url)));
    expect(http.request).toBe(theirs);
    release = installOutgoingHttp(manager, {});
    const back = await inTransaction(() => answerTo(http.request(server.url)));
    http.request = plainRequest;
    expect([whileGone.xid, back.xid]).toEqual([undefined, 'x1']);
  });

  it('a second copy of the package uses the wrapper of the first, with its own rules', async () => {
    const wrapped = http.request;
    const other = participantManager();
    const copy = await secondCopy();
    expect(copy.installOutgoingHttp).not.toBe(installOutgoingHttp);
    const releaseCopy = copy.installOutgoingHttp(other, { deny: ['localhost'] });
    expect(http.request).toBe(wrapped);
    const call = (url: string): Promise<Seen> =>
      other.join('x1').run(() => answerTo(http.request(url)));
    const seen = [await call(server.url), await call(server.otherUrl)];
    releaseCopy();
    expect(seen.map(({ xid }) => xid)).toEqual(['x1', undefined]);
  });
});

it('tells at debug level, once per host, that a host gets no xid', async () => {
  const log = recordedLog();
  const other = participantManager(log);
  const releaseOther = installOutgoingHttp(other, { deny: ['localhost'] });
  for (let call = 0; call < 2; call += 1) {
    await other.join('x1').run(() => answerTo(http.request(server.otherUrl)));
  }
  releaseOther();
  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toMatch(
    /^debug: The xid is not sent to localhost:\d+.*add it to http.allow/,
  );
});
