import type { SessionStore } from '../../../lib/coordinator/index.js';
import { openCoordinator, openSqliteStore } from '../../../lib/coordinator/index.js';
import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { NEVER_MS } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { EmbeddedClient } from '../../../lib/transport/embedded-client.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { until } from '../../support/until.js';
import { begin, register, statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { testFolder } from './support/test-folder.js';

describe('After its process has died', () => {
  const folder = testFolder();
  let client: CoordinatorClient;
  let store: SessionStore;

  async function start(namespace = 'default'): Promise<void> {
    store = await openSqliteStore(folder.path('coordinator.db'));
    const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds });
    client = new EmbeddedClient(coordinator.namespace(namespace), () => coordinator.close());
  }

  /** Takes the file away from under the coordinator, which hears nothing of it. */
  async function die(): Promise<void> {
    await store.close();
  }

  beforeEach(() => start());

  afterEach(async () => {
    await client.close();
  });

  it('a coordinator rolls back at once what was undecided', async () => {
    const xid = await begin(client);
    const branchId = await register(client, xid);
    await die();

    await start();

    expect(await client.status({ xid })).toMatchObject({
      status: 'rolling-back',
      reason: 'restart',
    });
    const orders = new FakeResource('orders');
    await client.attach(orders);
    await until(async () => (await statusOf(client, xid)) === 'rolled-back');
    expect(orders.transcript).toEqual([`rollback ${branchId}`]);
  });

  it('a coordinator finishes what was decided, when its resources are there', async () => {
    const xid = await begin(client);
    const first = await register(client, xid, { data: 'opaque' });
    const second = await register(client, xid, { resourceId: 'stock' });
    await client.rollback({ xid, waitMs: 0 });
    await die();
    await start();
    const orders = new FakeResource('orders');
    const stock = new FakeResource('stock');

    await client.attach(orders);
    await client.attach(stock);

    await until(async () => (await statusOf(client, xid)) === 'rolled-back');
    expect(stock.transcript).toEqual([`rollback ${second}`]);
    expect(orders.calls).toEqual([
      { direction: 'rollback', targets: [{ xid, branchId: first, data: 'opaque' }] },
    ]);
  });

  it('a coordinator gives the same answers about what has ended', async () => {
    const committed = await begin(client);
    await client.commit({ xid: committed, waitMs: 0 });
    const rolledBack = await begin(client);
    await client.setRollbackOnly({ xid: rolledBack, reason: 'stock refused' });
    await client.rollback({ xid: rolledBack, waitMs: 0 });
    const before = await Promise.all([
      client.status({ xid: committed }),
      client.status({ xid: rolledBack }),
    ]);
    await die();
    await start();

    const after = await Promise.all([
      client.rollback({ xid: committed, waitMs: 0 }),
      client.commit({ xid: rolledBack, waitMs: 0 }),
    ]);

    expect(after).toEqual(before);
    await client.begin({ xid: committed, name: 'n', applicationId: 'a', timeoutMs: 1 });
    expect(await statusOf(client, committed)).toBe('committed');
  });

  it('a branch that needs a person still does', async () => {
    const orders = new FakeResource('orders');
    orders.answers({ kind: 'cannot', error: 'dirty row' });
    await client.attach(orders);
    const xid = await begin(client);
    await register(client, xid);
    await client.rollback({ xid, waitMs: 0 });
    await until(async () => (await client.status({ xid })).branches[0]?.status !== 'registered');
    await die();

    await start();

    expect(await client.status({ xid })).toMatchObject({
      status: 'rolling-back',
      branches: [{ status: 'needs-attention', lastError: 'dirty row', attempts: 1 }],
    });
  });

  it('each namespace finds its own', async () => {
    const xid = await begin(client);
    await die();
    await start('other');

    expect(await statusOf(client, xid)).toBe('absent');
  });

  it('a coordinator that was closed in order has nothing to recover', async () => {
    const orders = new FakeResource('orders');
    await client.attach(orders);
    const xid = await begin(client);
    await register(client, xid);
    await client.commit({ xid, waitMs: 0 });

    await client.close();

    const later = await connectEmbedded({ store: folder.path('coordinator.db') });
    expect(await statusOf(later, xid)).toBe('committed');
    expect(orders.calls).toHaveLength(1);
    await later.close();
  });

  it('a stale owner changes nothing any more', async () => {
    const xid = await begin(client);
    const [before] = await store.load([{ namespace: 'default', xid }]);
    const claim = {
      owner: 'another owner',
      which: 'open',
      nowMs: 1,
      leaseUntilMs: NEVER_MS,
    } as const;
    await store.claim({ ...claim, countMax: 10 });
    const after = { ...before!, status: 'committing', version: before!.version + 1 } as const;

    const answers = await store.apply([{ kind: 'decide', before, after, branch: undefined }]);

    expect(answers).toMatchObject([
      { kind: 'refused', found: { status: 'active', owner: 'another owner', epoch: 2 } },
    ]);
  });
});
