import type { BeginRequest, CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { register, statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { ManualClock, closeLate } from './support/manual-clock.js';

let client: CoordinatorClient;
let clock: ManualClock;

beforeEach(async () => {
  clock = new ManualClock();
  client = await connectEmbedded({ store: ':memory:', clock });
  await client.attach(new FakeResource('orders'));
});

afterEach(async () => {
  await closeLate(client, clock);
});

/** A begin that nobody waits for; says whether it has been answered. */
function beginLater(change: Partial<BeginRequest> = {}) {
  const xid = systemIds.newXid();
  const begun = { xid, isAnswered: false, answer: Promise.resolve() };
  const request = { xid, name: 'held', applicationId: 'test', timeoutMs: 1_000, mayWait: true };
  begun.answer = client.begin({ ...request, ...change }).then(() => {
    begun.isAnswered = true;
  });
  return begun;
}

describe('A begin that nobody waits for', () => {
  it('is held back until something happens to its transaction', async () => {
    const begun = beginLater();
    await clock.pass(0);
    const answeredBefore = begun.isAnswered;

    await register(client, begun.xid);

    expect([answeredBefore, begun.isAnswered]).toEqual([false, true]);
    expect(await statusOf(client, begun.xid)).toBe('active');
  });

  it('becomes durable a little later when nothing happens', async () => {
    const begun = beginLater();

    await clock.pass(60);

    expect(begun.isAnswered).toBe(true);
  });

  it('is there for whoever asks', async () => {
    const begun = beginLater();

    expect(await statusOf(client, begun.xid)).toBe('active');
  });

  it.each(['commit', 'rollback'] as const)('comes before a %s at once', async (end) => {
    const begun = beginLater();

    const { status } = await client[end]({ xid: begun.xid, waitMs: 0 });

    expect(status).toBe(end === 'commit' ? 'committed' : 'rolled-back');
  });

  it('comes before a mark that forbids the commit', async () => {
    const begun = beginLater();
    await client.setRollbackOnly({ xid: begun.xid, reason: 'no' });

    const { reason } = await client.commit({ xid: begun.xid, waitMs: 0 });

    expect(reason).toBe('rollback-only');
  });

  it('times out like any other', async () => {
    const begun = beginLater({ timeoutMs: 100 });
    await clock.pass(60);

    await clock.pass(1_000);

    expect(await statusOf(client, begun.xid)).toBe('rolled-back');
  });

  it('is written when the coordinator is closed', async () => {
    const begun = beginLater();

    await closeLate(client, clock);

    await expect(begun.answer).resolves.toBeUndefined();
  });

  it('is answered at once when its transaction is there already', async () => {
    const begun = beginLater();
    await register(client, begun.xid);

    const repeated = client.begin({
      xid: begun.xid,
      name: 'held',
      applicationId: 'test',
      timeoutMs: 1_000,
      mayWait: true,
    });

    await expect(repeated).resolves.toBeUndefined();
  });
});
