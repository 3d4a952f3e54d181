import { systemIds } from '../../../lib/system/index.js';
import { until } from '../../support/until.js';
import type { RawClient } from './support/raw-client.js';
import { TestServer } from './support/test-server.js';

const AT = 1;
const COMMIT = 1;
const ROLLBACK = 2;
const COMMITTED = 3;
const ROLLED_BACK = 5;
const DB = { resourceId: 'orders/db', type: AT };
const ALL_DONE = { allDone: true, outcomes: [] };

describe('Phase two over a stream', () => {
  let test: TestServer;
  beforeEach(async () => {
    test = await TestServer.open();
  });
  afterEach(() => test.close());

  it('brings the decision, the branch and its data', async () => {
    const client = await test.join({ resources: [DB] });
    const xid = await registered(client, { branchId: '9223372036854775807', data: '{"a":"ß"}' });
    await client.ask({ commit: { xid, waitMs: 0 } });

    const call = await client.phaseTwo();

    expect(call).toMatchObject({
      direction: COMMIT,
      resourceId: 'orders/db',
      targets: [{ xid, branchId: '9223372036854775807', data: '{"a":"ß"}' }],
    });
  });

  it('is ended by the answer', async () => {
    const client = await test.join({ resources: [DB] });
    const xid = await registered(client);
    const ended = client.summaryOf({ rollback: { xid, waitMs: 5_000 } });
    const { callId, direction } = await client.phaseTwo();

    client.send({ requestId: callId, outcomes: ALL_DONE });

    expect(direction).toBe(ROLLBACK);
    expect(await ended).toMatchObject({ status: ROLLED_BACK, branches: [{ status: 3 }] });
  });

  it('brings many transactions in one call, and takes an outcome for each', async () => {
    const client = await test.join({ resources: [DB] });
    const first = await registered(client);
    await client.ask({ commit: { xid: first, waitMs: 0 } });
    const busy = await client.phaseTwo();
    const xids: string[] = [];
    for (let count = 0; count < 3; count += 1) xids.push(await registered(client));
    for (const xid of xids) await client.ask({ commit: { xid, waitMs: 0 } });
    client.send({ requestId: busy.callId, outcomes: ALL_DONE });

    const { callId, targets } = await client.phaseTwo(2);
    const done = { kind: 1 };
    const outcomes = [done, { kind: 3, text: 'broken' }, { kind: 1, text: 'a result' }];
    client.send({ requestId: callId, outcomes: { allDone: false, outcomes } });

    expect(targets.map(({ xid }) => xid)).toEqual(xids);
    const branchOf = async (xid: string) =>
      (await client.summaryOf({ status: { xid } })).branches[0];
    await until(async () => (await branchOf(xids[2]!))?.status === 3);
    expect(await branchOf(xids[0]!)).toMatchObject({ status: 3 });
    expect(await branchOf(xids[1]!)).toMatchObject({ status: 4, lastError: 'broken' });
    expect(await branchOf(xids[2]!)).toMatchObject({ result: 'a result' });
  });

  it.each([
    ['too few outcomes', { outcomes: { allDone: false, outcomes: [] } }, 'did not answer each'],
    ['a word of the future', { outcomes: future() }, 'which this version of nestjs-dtx'],
    [
      'a refusal',
      { refusal: { code: 'DTX_ERR_PROTOCOL_UNKNOWN', message: 'never heard of it', fields: '' } },
      'never heard of it',
    ],
  ])('is tried again after %s', async (_what, answer, error) => {
    const client = await test.join({ resources: [DB] });
    const xid = await registered(client);
    await client.ask({ commit: { xid, waitMs: 0 } });
    const first = await client.phaseTwo();
    client.send({ requestId: first.callId, ...answer });

    const second = await client.phaseTwo(2);
    client.send({ requestId: second.callId, outcomes: ALL_DONE });

    await until(async () => (await client.summaryOf({ status: { xid } })).status === COMMITTED);
    const { branches } = await client.summaryOf({ status: { xid } });
    expect(branches[0]?.lastError).toContain(error);
  });

  it('goes to another instance at once when the stream is lost', async () => {
    const one = await test.join({ instanceId: 'one', resources: [DB] });
    const two = await test.join({ instanceId: 'two', resources: [DB] });
    const xid = await registered(one);
    await one.ask({ commit: { xid, waitMs: 0 } });
    await one.phaseTwo();

    one.close();
    const { callId, targets } = await two.phaseTwo();
    two.send({ requestId: callId, outcomes: ALL_DONE });

    expect(targets).toMatchObject([{ xid }]);
    await until(async () => (await two.summaryOf({ status: { xid } })).status === COMMITTED);
    const { branches } = await two.summaryOf({ status: { xid } });
    expect(branches[0]?.lastError).toContain('connection');
  });

  it('waits for a client without counting failures while none is there', async () => {
    const client = await test.join({ resources: [DB] });
    const xid = await registered(client);
    client.close();
    await until(() => test.server.stats().streams === 0);
    const other = await test.join({ instanceId: 'other' });
    await other.ask({ commit: { xid, waitMs: 0 } });

    await other.ask({ attach: DB });
    const { callId } = await other.phaseTwo();
    other.send({ requestId: callId, outcomes: ALL_DONE });

    await until(async () => (await other.summaryOf({ status: { xid } })).status === COMMITTED);
    expect(await other.summaryOf({ status: { xid } })).toMatchObject({
      branches: [{ attempts: 0, failedAttempts: [] }],
    });
  });

  it('is finished before a detach is answered', async () => {
    const client = await test.join({ resources: [DB] });
    const xid = await registered(client);
    await client.ask({ commit: { xid, waitMs: 0 } });
    const { callId } = await client.phaseTwo();
    const requestId = client.newRequestId();
    client.send({ requestId, detach: DB });
    await client.ask({ status: { xid } });
    expect(client.received.filter((message) => message.requestId === requestId)).toEqual([]);

    client.send({ requestId: callId, outcomes: ALL_DONE });

    expect(await client.answerTo(requestId)).toMatchObject({ body: 'done' });
  });

  it('does not come to a resource that was detached', async () => {
    const client = await test.join({ resources: [DB] });
    await client.ask({ detach: DB });
    const xid = await registered(client);
    await client.ask({ commit: { xid, waitMs: 0 } });

    await client.ask({ attach: { resourceId: 'elsewhere', type: AT } });
    const early = client.find('phaseTwo');
    await client.ask({ attach: DB });

    expect(early).toBeUndefined();
    expect(await client.phaseTwo()).toMatchObject({ targets: [{ xid }] });
  });

  it('detaches what is not attached, and attaches what is', async () => {
    const client = await test.join({ resources: [DB] });

    const attached = await client.ask({ attach: DB });
    const detached = await client.ask({ detach: { resourceId: 'nothing', type: AT } });

    expect([attached.body, detached.body]).toEqual(['done', 'done']);
  });
});

function future(): { allDone: boolean; outcomes: { kind: number }[] } {
  return { allDone: false, outcomes: [{ kind: 77 }] };
}

async function registered(
  client: RawClient,
  branch: { readonly branchId?: string; readonly data?: string } = {},
): Promise<string> {
  const xid = systemIds.newXid();
  const begin = { name: 'place', timeoutMs: 60_000 };
  const ids = { xid, branchId: systemIds.newBranchId(), ...branch };
  await client.ask({ registerBranch: { ...DB, ...ids, begin } });
  return xid;
}
