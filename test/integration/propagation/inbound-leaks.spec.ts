import { once } from 'node:events';
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { inboundHttp } from '../../../lib/propagation/index.js';
import type { TransactionManager } from '../../../lib/transaction/index.js';
import { currentXid, runInContext } from '../../../lib/transaction/index.js';
import { jsonOf, participantManager } from './fixtures.js';
import type { TestServer } from './fixtures.js';
import { answerXid, call, serveInbound } from './inbound-server.js';

let manager: TransactionManager;
let servers: Omit<TestServer, 'seen'>[];

beforeEach(() => {
  manager = participantManager();
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

/** Resolves with the URL of a server that is closed after the test. */
async function serve(...args: ServeArgs): Promise<string> {
  const server = await serveInbound(manager, ...args);
  servers.push(server);
  return server.url;
}

type ServeArgs = Parameters<typeof serveInbound> extends [unknown, ...infer Rest] ? Rest : never;

describe('no context leaks', () => {
  it('from one request to the next over a connection that is kept alive', async () => {
    const url = await serve(answerXid);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const xids: unknown[] = [];
    for (const headers of [{ TX_XID: 'x1' }, {}, { TX_XID: 'x2' }, {}]) {
      xids.push((await call(url, headers, agent)).body['xid']);
    }
    agent.destroy();
    expect(xids).toEqual(['x1', null, 'x2', null]);
  });

  it('into the events of the next request’s body', async () => {
    const url = await serve((request, response) => {
      request.resume();
      request.once('end', () => {
        answerXid(request, response);
      });
    });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    await call(url, { TX_XID: 'x1' }, agent);
    const request = http.request(url, { method: 'POST', agent });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    request.write('first ');
    setImmediate(() => request.end('second'));
    const [response] = await answered;
    const body = await jsonOf(response);
    agent.destroy();
    expect(body).toEqual({ xid: null });
  });

  it('from a server that was started inside a transaction', async () => {
    const transaction = manager.join('outer');
    const url = await transaction.run(() => serve(answerXid));
    expect((await call(url)).body).toEqual({ xid: null });
  });

  it('into a refused request', async () => {
    const transaction = manager.join('outer');
    const middleware = inboundHttp(manager, {}, () => currentXid() ?? 'none');
    const seen: unknown[] = [];
    const request = { headers: { tx_xid: 'a b' }, socket: {} } as unknown as IncomingMessage;
    runInContext(transaction, () => {
      middleware(request, {} as ServerResponse, (error) => seen.push(error));
    });
    expect(seen).toEqual(['none']);
  });
});
