import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { begin, register, statusOf } from './support/client.js';

const OPEN_MAX = 2_000;

describe('A coordinator with as many open transactions as it may have', () => {
  let client: CoordinatorClient;
  let first: string;

  beforeAll(async () => {
    const caps = { openTransactionsMax: OPEN_MAX };
    client = await connectEmbedded({ store: ':memory:', caps });
    first = await begin(client, 3_600_000);
    await Promise.all(Array.from({ length: OPEN_MAX - 1 }, () => begin(client, 3_600_000)));
  });

  afterAll(() => client.close());

  const FULL = { code: 'DTX_ERR_RESOURCE_EXHAUSTED', max: OPEN_MAX, retryable: true };

  it('refuses another one before it has accepted it', async () => {
    const xid = systemIds.newXid();
    const request = { xid, name: 'n', applicationId: 'a', timeoutMs: 1_000 };

    await expect(client.begin(request)).rejects.toMatchObject(FULL);

    expect(await statusOf(client, xid)).toBe('absent');
  });

  it('refuses one that would begin with its first branch', async () => {
    const xid = systemIds.newXid();
    const request = {
      xid,
      branchId: '7',
      type: 'AT',
      resourceId: 'r',
      applicationId: 'a',
    } as const;
    const opening = { name: 'n', applicationId: 'a', timeoutMs: 1_000 };

    await expect(client.registerBranch({ ...request, begin: opening })).rejects.toMatchObject(FULL);

    expect(await statusOf(client, xid)).toBe('absent');
  });

  it('goes on with those that are open, and takes another one when one has ended', async () => {
    const request = { xid: first, name: 'n', applicationId: 'a', timeoutMs: 1_000 };
    await client.begin(request);
    const branchId = await register(client, first);
    await client.abandonBranch({ xid: first, branchId, reason: 'r' });

    await client.rollback({ xid: first, waitMs: 0 });

    expect(await statusOf(client, await begin(client))).toBe('active');
  });
});
