import type { NativeServerOptions } from '../../../lib/coordinator/index.js';
import { GlobalNotActiveError } from '../../../lib/protocol/index.js';
import type { ClientMessage } from '../../../lib/protocol/wire/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { until } from '../../support/until.js';
import type { RawClient } from './support/raw-client.js';
import { TestServer } from './support/test-server.js';

type Namespace = ReturnType<NativeServerOptions['coordinator']['namespace']>;

const AT = 1;
const ACTIVE = 1;
const COMMITTING = 2;
const ROLLED_BACK = 5;
const begin = { name: 'place', timeoutMs: 60_000 };

describe('A client of the stream server', () => {
  let test: TestServer;
  let client: RawClient;

  beforeEach(async () => {
    test = await TestServer.open({ messageBytesMax: 2_000, inFlightMax: 20 });
    client = await test.join();
  });
  afterEach(() => test.close());

  it('begins, registers and commits', async () => {
    const xid = systemIds.newXid();
    const branchId = systemIds.newBranchId();

    const begun = await client.ask({ begin: { xid, ...begin } });
    const registered = await client.ask({
      registerBranch: { xid, branchId, type: AT, resourceId: 'orders/db' },
    });
    const ended = await client.summaryOf({ commit: { xid, waitMs: 0 } });

    expect([begun.body, registered.body]).toEqual(['done', 'done']);
    expect(ended).toMatchObject({ xid, status: COMMITTING, branches: [] });
  });

  it('is told all about a transaction when it asks', async () => {
    const xid = systemIds.newXid();
    const branch = { branchId: '42', type: AT, resourceId: 'orders/db' };
    await client.ask({ registerBranch: { xid, ...branch, begin } });

    const summary = await client.summaryOf({ status: { xid } });

    expect(summary).toMatchObject({ xid, status: ACTIVE, name: 'place' });
    expect(summary.branches).toMatchObject([{ ...branch, seq: 1, status: 1, attempts: 0 }]);
  });

  it('abandons a branch, forbids the commit and rolls back', async () => {
    const xid = systemIds.newXid();
    const branch = { branchId: '42', type: AT, resourceId: 'orders/db' };
    await client.ask({ registerBranch: { xid, ...branch, begin } });
    await client.ask({ abandonBranch: { xid, branchId: '42', reason: 'local rollback' } });
    await client.ask({ setRollbackOnly: { xid, reason: 'no stock' } });

    const ended = await client.summaryOf({ commit: { xid, waitMs: 1_000 } });

    expect(ended).toMatchObject({ status: ROLLED_BACK, reason: 2, rollbackOnly: 'no stock' });
  });

  it('is refused with the code, the text and the ids of the error', async () => {
    const refusal = await client.refusalOf({
      registerBranch: { xid: 'nobody', branchId: '1', type: AT, resourceId: 'orders/db' },
    });

    const expected = new GlobalNotActiveError('nobody', 'absent');
    expect(refusal).toEqual({
      code: expected.code,
      message: expected.message,
      fields: JSON.stringify({ xid: 'nobody', status: 'absent' }),
    });
  });

  it.each<[string, Omit<ClientMessage, 'requestId'>, string]>([
    ['an xid that is none', { status: { xid: "'; DROP" } }, 'DTX_ERR_BAD_XID'],
    ['a branch type of the future', { registerBranch: branchOf(99) }, 'DTX_ERR_PROTOCOL_UNKNOWN'],
    ['no branch type', { registerBranch: branchOf(0) }, 'DTX_ERR_PROTOCOL_UNKNOWN'],
    ['a resource without a name', { attach: { resourceId: '', type: AT } }, '_VIOLATION'],
  ])('is refused for %s, and can go on', async (_what, request, code) => {
    const refusal = await client.refusalOf(request);

    expect(refusal.code).toContain(code);
    expect((await client.ask({ status: { xid: 'a' } })).body).toBe('summary');
  });

  it('is answered when the rows of a transaction are free', async () => {
    const xid = systemIds.newXid();
    await client.ask({ registerBranch: { ...branchOf(AT), xid, begin } });
    const released = client.summaryOf({ awaitRelease: { xid, timeoutMs: 10_000 } });

    await client.ask({ commit: { xid, waitMs: 0 } });

    expect(await released).toMatchObject({ status: COMMITTING });
  });

  it('gets the answers to requests of one frame in few frames', async () => {
    const before = client.frameCount;
    const requests = Array.from({ length: 20 }, () => client.newRequestId());

    client.send(...requests.map((requestId) => ({ requestId, status: { xid: 'a' } })));
    await Promise.all(requests.map((requestId) => client.answerTo(requestId)));

    expect(client.frameCount - before).toBeLessThanOrEqual(2);
  });

  it('is refused a message that is too large, and can go on', async () => {
    const refusal = await client.refusalOf({
      registerBranch: { ...branchOf(AT), data: 'x'.repeat(2_000), begin },
    });

    expect(refusal).toMatchObject({ code: 'DTX_ERR_RESOURCE_EXHAUSTED' });
    expect(refusal.message).toContain('namespace default, in bytes, is at its limit of 2000');
    expect((await client.ask({ status: { xid: 'a' } })).body).toBe('summary');
  });

  it('may answer phase two with more than a request may bring', async () => {
    const text = 'e'.repeat(3_000);

    client.send({ requestId: 5, outcomes: { allDone: false, outcomes: [{ kind: 2, text }] } });

    expect((await client.ask({ status: { xid: 'a' } })).body).toBe('summary');
  });

  it('is refused what only a newer version knows, and can go on', async () => {
    // Field 1 of the frame: a message with request id 7 and field 900, an operation of the future.
    client.sendBytes(Buffer.from([0x0a, 0x05, 0x08, 0x07, 0xa2, 0x38, 0x00]));

    expect(await client.answerTo(7)).toMatchObject({
      refusal: { code: 'DTX_ERR_PROTOCOL_UNKNOWN' },
    });
    expect((await client.ask({ status: { xid: 'a' } })).body).toBe('summary');
  });

  it('is not answered what only a newer version knows and expects no answer', async () => {
    client.sendBytes(Buffer.from([0x0a, 0x03, 0xa2, 0x38, 0x00]));

    expect((await client.ask({ status: { xid: 'a' } })).body).toBe('summary');
    expect(client.all('refusal')).toEqual([]);
  });

  it('is sent away when it asks more at a time than was agreed', async () => {
    const xid = systemIds.newXid();
    await client.ask({ begin: { xid, ...begin } });

    for (let count = 0; count < 21; count += 1) {
      client.send({ requestId: 100 + count, awaitRelease: { xid, timeoutMs: 60_000 } });
    }

    expect((await client.ended())?.reason).toContain('more than 20 requests at a time');
  });

  it('is sent away when its request has no number', async () => {
    client.send({ requestId: 0, status: { xid: 'a' } });

    expect((await client.ended())?.reason).toContain('a request without a number');
  });

  it('ends its stream without a word of complaint', async () => {
    client.send({ requestId: 1, goodbye: { code: '', reason: 'the process stops' } });
    client.end();

    await until(() => client.status !== undefined);
    expect(client.status).toMatchObject({ code: 0 });
    expect(test.server.stats().streams).toBe(0);
  });
});

describe('A namespace with a limit of its own', () => {
  let test: TestServer;
  beforeEach(async () => {
    const limits = { messageBytesMax: 500, namespaceMessageBytesMax: { shop: 5_000 } };
    test = await TestServer.open(limits);
  });
  afterEach(() => test.close());

  it('takes messages up to it', async () => {
    const shop = await test.join({ namespace: 'shop' });
    const bank = await test.join({ namespace: 'bank' });
    const request = { registerBranch: { ...branchOf(AT), data: 'x'.repeat(1_000), begin } };

    const taken = await shop.ask(request);
    const refused = await bank.ask(request);

    expect([taken.body, refused.body]).toEqual(['done', 'refusal']);
  });
});

describe('A client that goes while it waits', () => {
  const signals: (AbortSignal | undefined)[] = [];
  let test: TestServer;
  let client: RawClient;
  beforeEach(async () => {
    signals.length = 0;
    const keep = (_request: unknown, gone?: AbortSignal): Promise<never> => {
      signals.push(gone);
      return new Promise(() => undefined);
    };
    const namespace = { commit: keep, rollback: keep, awaitRelease: keep } as unknown as Namespace;
    test = await TestServer.open({ coordinator: { namespace: () => namespace } });
    client = await test.join();
  });
  afterEach(() => test.close());

  it('takes its waits with it, and no decision', async () => {
    client.send(
      { requestId: 1, awaitRelease: { xid: 'a', timeoutMs: 60_000 } },
      { requestId: 2, commit: { xid: 'a', waitMs: 60_000 } },
      { requestId: 3, rollback: { xid: 'a', waitMs: 60_000 } },
      { requestId: 4, commit: { xid: 'a', waitMs: 0 } },
    );
    await until(() => signals.length === 4);
    const before = signals.map((gone) => gone?.aborted);

    client.close();

    await until(() => signals[0]?.aborted === true);
    expect(before).toEqual([false, false, false, undefined]);
    expect(signals.map((gone) => gone?.aborted)).toEqual([true, true, true, undefined]);
  });
});

function branchOf(type: number) {
  return { xid: systemIds.newXid(), branchId: '1', type, resourceId: 'orders/db' };
}
