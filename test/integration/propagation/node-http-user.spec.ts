import http from 'node:http';

import { installOutgoingHttp } from '../../../lib/propagation/index.js';
import type { TransactionManager } from '../../../lib/transaction/index.js';
import { answerTo, echoServer, participantManager } from './fixtures.js';
import type { TestServer } from './fixtures.js';

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

describe('what the user wrote', () => {
  it.each([
    ['TX_XID', { TX_XID: 'mine' }],
    ['tx_xid', { tx_xid: 'mine' }],
    ['TX_XID in a flat list', ['Host', 'a', 'TX_XID', 'mine']],
    ['TX_XID next to Expect', { Expect: '100-continue', TX_XID: 'mine' }],
  ])('%s stays as it is', async (_what, headers) => {
    const options = { host: '127.0.0.1', port: server.port, headers };
    const seen = await inTransaction(() => answerTo(http.request(options)));
    expect(seen.xid).toBe('mine');
  });

  it('TX-XID is not contradicted by a second header', async () => {
    const options = { host: '127.0.0.1', port: server.port, headers: { 'TX-XID': 'mine' } };
    const seen = await inTransaction(() => answerTo(http.request(options)));
    expect(seen.rawNames.filter((name) => /^tx[_-]xid$/i.test(name))).toEqual(['TX-XID']);
  });

  it('may be set on the request afterwards', async () => {
    const seen = await inTransaction(async () => {
      const request = http.request(server.url);
      request.setHeader('TX_XID', 'mine');
      return answerTo(request);
    });
    expect(seen.xid).toBe('mine');
  });

  it.each([
    ['an object', (): object => ({ a: 'b' })],
    ['an object with Expect', (): object => ({ Expect: '100-continue' })],
    ['a list', (): object => ['Host', 'a']],
  ])('is not changed: headers as %s', async (_what, makeHeaders) => {
    const headers = makeHeaders();
    const options = { host: '127.0.0.1', port: server.port, headers: headers as string[] };
    await inTransaction(() => answerTo(http.request(options)));
    expect(options).toEqual({ host: '127.0.0.1', port: server.port, headers: makeHeaders() });
    expect(options.headers).toBe(headers);
  });

  it.each([
    ['a text that is no URL', 'no url', 'ERR_INVALID_URL'],
    ['a protocol of the other module', 'https://127.0.0.1/', 'ERR_INVALID_PROTOCOL'],
    ['a host that is no text', { host: 7 as unknown as string }, 'ERR_INVALID_ARG_TYPE'],
  ])('fails as without us: %s', async (_what, input, code) => {
    const call = inTransaction(async () => http.request(input));
    await expect(call).rejects.toMatchObject({ code });
  });

  it('one options object for two hosts gives both the xid', async () => {
    const options = { method: 'GET' };
    const seen = await inTransaction(async () => [
      await answerTo(http.request(server.url, options)),
      await answerTo(http.request(server.otherUrl, options)),
    ]);
    expect(seen.map(({ xid }) => xid)).toEqual(['x1', 'x1']);
  });

  it('one sole options object for two hosts gives both the xid', async () => {
    const options = { hostname: '127.0.0.1', port: server.port };
    const seen = await inTransaction(async () => {
      const first = await answerTo(http.request(options));
      options.hostname = 'localhost';
      return [first, await answerTo(http.request(options))];
    });
    expect(seen.map(({ xid }) => xid)).toEqual(['x1', 'x1']);
  });
});
