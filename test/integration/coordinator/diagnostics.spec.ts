import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { CoordinatorClient, StateChange } from '../../../lib/protocol/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { begin, register } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';

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

  it('tell nothing of what changes nothing', async () => {
    const xid = await begin(client);
    await client.setRollbackOnly({ xid, reason: 'r' });
    await client.setRollbackOnly({ xid, reason: 'r' });
    await client.rollback({ xid, waitMs: 0 });
    await client.rollback({ xid, waitMs: 0 });

    expect(told()).toEqual(['global active', 'global rolled-back']);
  });
});
