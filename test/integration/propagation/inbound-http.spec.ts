import type { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';

import { inboundHttp } from '../../../lib/propagation/index.js';
import type { XidRefusal } from '../../../lib/propagation/index.js';
import type { GlobalTransaction, TransactionManager } from '../../../lib/transaction/index.js';
import { currentTransaction, currentXid } from '../../../lib/transaction/index.js';
import { until } from '../../support/until.js';
import { listen, participantManager, recordedLog } from './fixtures.js';
import type { RecordedLog, TestServer } from './fixtures.js';
import { answerXid, call, serveInbound } from './inbound-server.js';

let log: RecordedLog;
let manager: TransactionManager;
let servers: Omit<TestServer, 'seen'>[];

beforeEach(() => {
  log = recordedLog();
  manager = participantManager(log);
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

describe('a request', () => {
  it.each([
    ['with TX_XID', { TX_XID: 'x1' }, 'x1'],
    ['with TX-XID', { 'TX-XID': 'x1' }, 'x1'],
    ['with both, equal', { TX_XID: 'x1', 'TX-XID': 'x1' }, 'x1'],
    ['with the same line twice', ['Host', 'a', 'TX_XID', 'x1', 'TX_XID', 'x1'], 'x1'],
    ['without a header', {}, null],
    ['with a blank header', { TX_XID: '' }, null],
  ])('%s runs in its transaction, or in none', async (_what, headers, xid) => {
    const url = await serve(answerXid);
    expect((await call(url, headers)).body).toEqual({ xid });
  });

  it('takes part as a participant of this manager', async () => {
    let seen: GlobalTransaction | undefined;
    const url = await serve((request, response) => {
      seen = currentTransaction();
      answerXid(request, response);
    });
    await call(url, { TX_XID: 'x1' });
    expect(seen?.role).toBe('participant');
    expect(seen?.manager).toBe(manager);
  });

  it('keeps its transaction across awaits', async () => {
    const url = await serve((request, response) => {
      void new Promise((resolve) => setImmediate(resolve)).then(() => {
        answerXid(request, response);
      });
    });
    expect((await call(url, { TX_XID: 'x1' })).body).toEqual({ xid: 'x1' });
  });

  it('joins nothing when incoming is off', async () => {
    const url = await serve(answerXid, { incoming: false });
    expect((await call(url, { TX_XID: 'x1' })).body).toEqual({ xid: null });
  });
});

describe('a header that is no xid is refused with 400', () => {
  it.each([
    ['malformed', { TX_XID: "a'b" }, '"a\'b" is not an xid'],
    ['too long', { TX_XID: 'a'.repeat(41) }, 'is not an xid'],
    ['contradictory names', { TX_XID: 'x1', 'TX-XID': 'x2' }, '"x1, x2" is not an xid'],
    ['contradictory lines', ['Host', 'a', 'TX_XID', 'x1', 'TX_XID', 'x2'], '"x1, x2" is not'],
  ])('%s', async (_what, headers, message) => {
    const handled = jest.fn(answerXid);
    const url = await serve(handled);
    const answer = await call(url, headers);
    expect(answer).toEqual({
      status: 400,
      type: 'application/json; charset=utf-8',
      body: {
        statusCode: 400,
        code: 'DTX_ERR_BAD_XID',
        message: expect.stringContaining(message) as string,
      },
    });
    expect(handled).not.toHaveBeenCalled();
  });

  it('by the error that the framework wants, outside any transaction', async () => {
    let xid: string | undefined = 'not asked';
    const toHttpError = (refusal: XidRefusal): unknown => {
      xid = currentXid();
      return { wrapped: refusal.code };
    };
    const url = await serve(answerXid, { toHttpError });
    const answer = await call(url, { TX_XID: 'a b' });
    expect(answer).toMatchObject({ status: 418, body: { wrapped: 'DTX_ERR_BAD_XID' } });
    expect(xid).toBeUndefined();
  });
});

describe('of peers', () => {
  it('a listed one is believed', async () => {
    const url = await serve(answerXid, { trustedPeers: ['127.0.0.0/8'] });
    expect((await call(url, { TX_XID: 'x1' })).body).toEqual({ xid: 'x1' });
    expect(log.lines).toEqual([]);
  });

  it('another one is ignored with one warning, whatever it sends', async () => {
    const url = await serve(answerXid, { trustedPeers: ['10.0.0.0/8'] });
    const answers = [
      await call(url, { TX_XID: 'x1' }),
      await call(url, { 'TX-XID': 'x1' }),
      await call(url, { TX_XID: 'no xid!' }),
    ];
    expect(answers.map(({ status, body }) => [status, body['xid']])).toEqual([
      [200, null],
      [200, null],
      [200, null],
    ]);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toMatch(/^warn: The TX_XID header of peer 127\.0\.0\.1 is ignored/);
  });

  it('another one without a header is not mentioned', async () => {
    const url = await serve(answerXid, { trustedPeers: [] });
    await call(url);
    expect(log.lines).toEqual([]);
  });

  it('warnings end after a hundred peers', () => {
    const middleware = inboundHttp(manager, { trustedPeers: [] });
    for (let index = 0; index < 300; index += 1) {
      const remoteAddress = `10.0.${String(index >> 8)}.${String(index & 0xff)}`;
      const request = { headers: { tx_xid: 'x1' }, socket: { remoteAddress } };
      middleware(request as unknown as IncomingMessage, {} as ServerResponse, () => undefined);
    }
    expect(log.lines).toHaveLength(100);
    expect(log.lines.at(-1)).toContain('Further peers are not reported.');
  });
});

describe('after the response', () => {
  it('whoever still runs meets the end of the transaction', async () => {
    let late: GlobalTransaction | undefined;
    const url = await serve((request, response) => {
      late = currentTransaction();
      answerXid(request, response);
    });
    await call(url, { TX_XID: 'x1' });
    await until(() => late?.isActive === false);
    expect(() => late?.assertActive('a late write')).toThrow('[DTX_ERR_TM_FINISHED] a late write');
  });

  it('the transaction is active for as long as the response is being sent', async () => {
    const states: (boolean | undefined)[] = [];
    const url = await serve((_request, response) => {
      const transaction = currentTransaction();
      response.write('{"xid":');
      setImmediate(() => {
        states.push(transaction?.isActive);
        response.end('null}');
      });
    });
    await call(url, { TX_XID: 'x1' });
    expect(states).toEqual([true]);
  });

  it('of a caller that went away, the transaction is over too', async () => {
    let late: GlobalTransaction | undefined;
    const url = await serve(() => {
      late = currentTransaction();
    });
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nTX_XID: x1\r\n\r\n');
    await until(() => late !== undefined);
    expect(late?.isActive).toBe(true);
    socket.destroy();
    await until(() => late?.isActive === false);
  });

  it('of a caller that went away before the middleware, the transaction begins ended', async () => {
    const active: (boolean | undefined)[] = [];
    const middleware = inboundHttp(manager, {});
    const server = await listen((request, response) => {
      response.once('close', () => {
        middleware(request, response, () => active.push(currentTransaction()?.isActive));
      });
      request.socket.destroy();
    });
    servers.push(server);
    await expect(call(server.url, { TX_XID: 'x1' })).rejects.toMatchObject({ code: 'ECONNRESET' });
    await until(() => active.length > 0);
    expect(active).toEqual([false]);
  });

  it('local transactions that are still open are reported', async () => {
    let leave = (): void => undefined;
    const url = await serve((request, response) => {
      leave = currentTransaction()?.enter('a write') ?? leave;
      answerXid(request, response);
    });
    await call(url, { TX_XID: 'x1' });
    await until(() => log.lines.length > 0);
    leave();
    expect(log.lines).toEqual([
      expect.stringMatching(/^warn: A request of global transaction x1 ended with 1 local/),
    ]);
  });
});
