import { existsSync, symlinkSync } from 'node:fs';

import { connectEmbedded } from '../../../lib/transport/index.js';
import { until } from '../../support/until.js';
import { begin, register, statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { testFolder } from './support/test-folder.js';

describe('Applications of one process', () => {
  const folder = testFolder();

  it('share the coordinator when they name the same store', async () => {
    const store = folder.path('coordinator.db');
    const orderApp = await connectEmbedded({ store });
    const stockApp = await connectEmbedded({ store });
    const stock = new FakeResource('stock');
    await stockApp.attach(stock);
    const xid = await begin(orderApp);
    await register(stockApp, xid, { resourceId: 'stock' });

    const summary = await orderApp.commit({ xid, waitMs: 5_000 });

    expect(summary.status).toBe('committed');
    expect(stock.calls).toHaveLength(1);
    await Promise.all([orderApp.close(), stockApp.close()]);
  });

  it('share it by the file that is meant, however it is written', async () => {
    const store = folder.path('coordinator.db');
    const one = await connectEmbedded({ store });
    symlinkSync(store, folder.path('link.db'));
    const others = await Promise.all([
      connectEmbedded({ store: folder.path('./sub/../coordinator.db') }),
      connectEmbedded({ store: folder.path('link.db') }),
    ]);
    const xid = await begin(one);

    const statuses = await Promise.all(others.map((client) => statusOf(client, xid)));

    expect(statuses).toEqual(['active', 'active']);
    await Promise.all([one, ...others].map((client) => client.close()));
  });

  it('start it once when they connect at once', async () => {
    const store = folder.path('coordinator.db');

    const clients = await Promise.all([1, 2, 3].map(() => connectEmbedded({ store })));

    const xid = await begin(clients[0]!);
    expect(await statusOf(clients[2]!, xid)).toBe('active');
    await Promise.all(clients.map((client) => client.close()));
  });

  it('end it with the last one, and not before', async () => {
    const store = folder.path('coordinator.db');
    const one = await connectEmbedded({ store });
    const two = await connectEmbedded({ store });
    const xid = await begin(one);
    await one.close();

    const statusAfterFirst = await statusOf(two, xid);
    const walBefore = existsSync(`${store}-wal`);
    await two.close();

    expect(statusAfterFirst).toBe('active');
    expect(walBefore).toBe(true);
    expect(existsSync(`${store}-wal`)).toBe(false);
  });

  it('may start again while the last one is still closing', async () => {
    const store = folder.path('coordinator.db');
    const one = await connectEmbedded({ store });
    const orders = new FakeResource('orders');
    await one.attach(orders);
    const xid = await begin(one);
    await register(one, xid);
    await one.commit({ xid, waitMs: 0 });
    await until(() => orders.calls.length === 1);

    const closing = one.close();
    // Far enough for the coordinator to be on its way out; what is left to write takes a turn.
    for (let tick = 0; tick < 20; tick += 1) await Promise.resolve();
    const two = await connectEmbedded({ store });

    expect(await statusOf(two, xid)).toBe('committed');
    await closing;
    await two.close();
  });

  it('go on when one of them has left', async () => {
    const store = folder.path('coordinator.db');
    const one = await connectEmbedded({ store });
    const two = await connectEmbedded({ store });
    await one.close();

    await expect(begin(one)).rejects.toThrow('DTX_ERR_TC_CLOSED');

    expect(await statusOf(two, await begin(two))).toBe('active');
    await two.close();
  });

  it('do not share what lives in memory only', async () => {
    const one = await connectEmbedded({ store: ':memory:' });
    const two = await connectEmbedded({ store: ':memory:' });
    const xid = await begin(one);

    expect(await statusOf(two, xid)).toBe('absent');
    await Promise.all([one.close(), two.close()]);
  });

  it('see nothing of another namespace, not even its resources', async () => {
    const store = folder.path('coordinator.db');
    const one = await connectEmbedded({ store, namespace: 'one' });
    const two = await connectEmbedded({ store, namespace: 'two' });
    const ordersOfOne = new FakeResource('orders');
    const ordersOfTwo = new FakeResource('orders');
    await one.attach(ordersOfOne);
    await two.attach(ordersOfTwo);
    const xid = await begin(one);
    await register(one, xid);
    await two.begin({ xid, name: 'n', applicationId: 'a', timeoutMs: 60_000 });

    await one.commit({ xid, waitMs: 5_000 });
    const rolledBack = await two.rollback({ xid, waitMs: 5_000 });

    expect(rolledBack.status).toBe('rolled-back');
    expect(await statusOf(one, xid)).toBe('committed');
    expect([ordersOfOne.calls.length, ordersOfTwo.calls.length]).toEqual([1, 0]);
    await Promise.all([one.close(), two.close()]);
  });

  it('take their own resources along when they go', async () => {
    const store = folder.path('coordinator.db');
    const one = await connectEmbedded({ store });
    const two = await connectEmbedded({ store });
    await one.attach(new FakeResource('orders'));
    await one.close();

    await two.attach(new FakeResource('orders'));

    await two.close();
    expect(existsSync(store)).toBe(true);
  });

  it('are told so when they call after they have closed', async () => {
    const client = await connectEmbedded({ store: folder.path('coordinator.db') });
    await client.close();
    await client.close();

    await expect(begin(client)).rejects.toThrow(
      '[DTX_ERR_TC_CLOSED] begin came after the coordinator was closed.',
    );
  });
});

describe('Applications of one process with a TCC action of the same name', () => {
  const folder = testFolder();
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const connect = async (applicationId: string) => {
    const client = await connectEmbedded({ store: folder.path('coordinator.db'), applicationId });
    closing.push(() => client.close());
    return client;
  };
  const action = (): FakeResource => new FakeResource('account.freeze', 'TCC');
  const ofSouth = {
    resourceId: 'account.freeze',
    type: 'TCC',
    applicationId: 'south-bank',
  } as const;

  it('confirm their own branches only', async () => {
    const [north, south] = [await connect('north-bank'), await connect('south-bank')];
    const [northern, southern] = [action(), action()];
    await north.attach(northern);
    await south.attach(southern);
    const xid = await begin(north);
    await register(south, xid, ofSouth);

    const summary = await north.commit({ xid, waitMs: 5_000 });

    expect(summary.status).toBe('committed');
    expect([northern.calls.length, southern.calls.length]).toEqual([0, 1]);
  });

  it('leave a branch to the one that has done its try, and is away', async () => {
    const [north, south] = [await connect('north-bank'), await connect('south-bank')];
    const [northern, southern] = [action(), action()];
    await north.attach(northern);
    const xid = await begin(north);
    await register(south, xid, ofSouth);
    await north.rollback({ xid, waitMs: 0 });
    // Whatever the coordinator does of itself after a decision is done by the end of this.
    const other = await begin(north);
    await register(north, other, { ...ofSouth, applicationId: 'north-bank' });
    await north.commit({ xid: other, waitMs: 5_000 });

    await south.attach(southern);

    await until(async () => (await statusOf(south, xid)) === 'rolled-back');
    expect([northern.transcript.length, southern.transcript.length]).toEqual([1, 1]);
  });

  it('may not have a data source of the same id', async () => {
    const [north, south] = [await connect('north-bank'), await connect('south-bank')];
    await north.attach(new FakeResource('accounts'));

    await expect(south.attach(new FakeResource('accounts'))).rejects.toMatchObject({
      code: 'DTX_ERR_CONFIG_DUPLICATE_RESOURCE',
    });
  });
});
