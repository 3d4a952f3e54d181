import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { MemorySessionStore } from '../../../lib/coordinator/index.js';
import type { CoordinatorClient, StateChange } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { begin, register } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { TestNode } from './support/test-node.js';

describe('The diagnostics channels', () => {
  let client: CoordinatorClient;
  let changes: StateChange[];
  const listen = (change: unknown): void => {
    changes.push(change as StateChange);
  };

  beforeEach(async () => {
    changes = [];
    client = await connectEmbedded({ store: ':memory:', namespace: 'shop' });
    subscribe('dtx:global', listen);
    subscribe('dtx:branch', listen);
  });

  afterEach(async () => {
    unsubscribe('dtx:global', listen);
    unsubscribe('dtx:branch', listen);
    await client.close();
  });

  const told = (): string[] =>
    changes.map(
      ({ branchId, status }) => `${branchId === undefined ? 'global' : 'branch'} ${status}`,
    );

  it('tell each state of a transaction and of its branches', async () => {
    const orders = new FakeResource('orders');
    await client.attach(orders);
    const xid = await begin(client);
    const branchId = await register(client, xid);
    await client.commit({ xid, waitMs: 5_000 });

    expect(told()).toEqual([
      'global active',
      'branch registered',
      'global committing',
      'branch done',
      'global committed',
    ]);
    expect(changes[3]).toEqual({
      namespace: 'shop',
      xid,
      status: 'done',
      branchId,
      resourceId: 'orders',
    });
  });

  it('tell why a branch could not be finished', async () => {
    const orders = new FakeResource('orders');
    orders.answers({ kind: 'cannot', error: 'dirty row' });
    await client.attach(orders);
    const xid = await begin(client);
    await register(client, xid);
    await client.rollback({ xid, waitMs: 200 });

    expect(told().slice(2)).toEqual(['global rolling-back', 'branch needs-attention']);
    expect(changes[3]?.error).toBe('dirty row');
  });

  it('tell of a transaction that begins with its first branch', async () => {
    const xid = systemIds.newXid();
    const branch = { branchId: '7', type: 'AT', resourceId: 'orders', applicationId: 'a' } as const;
    const opening = { name: 'n', applicationId: 'a', timeoutMs: 60_000 };

    await client.registerBranch({ xid, ...branch, begin: opening });

    expect(told()).toEqual(['global active', 'branch registered']);
  });

  it('tell what a person has ordered, for each branch', async () => {
    const node = await TestNode.start(new MemorySessionStore());
    const xid = await begin(node.client);
    await register(node.client, xid);
    await register(node.client, xid);
    await node.client.commit({ xid, waitMs: 0 });
    changes.length = 0;

    await node.namespace.operate({ xid, action: 'stop' });
    await node.namespace.operate({ xid, action: 'accept' });
    await node.clock.pass(100);

    expect(told()).toEqual([
      'branch needs-attention',
      'branch needs-attention',
      'branch accepted',
      'branch accepted',
      'global committed',
    ]);
    await node.close();
  });

  it('tell nothing of a renewed lease', async () => {
    const node = await TestNode.start(new MemorySessionStore({ isShared: true }));
    node.orders.holds();
    await node.attachOrders();
    const xid = await begin(node.client);
    await register(node.client, xid);
    await node.client.commit({ xid, waitMs: 0 });
    changes.length = 0;

    await node.clock.pass(10_000);

    expect(told()).toEqual([]);
    await node.close();
  });

  it('tell nothing of what changes nothing', async () => {
    const xid = await begin(client);
    await client.setRollbackOnly({ xid, reason: 'r' });
    await client.setRollbackOnly({ xid, reason: 'r' });
    await client.rollback({ xid, waitMs: 0 });
    await client.rollback({ xid, waitMs: 0 });

    expect(told()).toEqual(['global active', 'global rolled-back']);
  });
});
