import type { Coordinator, NamespaceCoordinator } from '../../../lib/coordinator/index.js';
import { MemorySessionStore, openCoordinator } from '../../../lib/coordinator/index.js';
import type { BranchType } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { until } from '../../support/until.js';
import { FakeResource } from './support/fake-resource.js';

describe('A resource at several instances', () => {
  let coordinator: Coordinator;
  let namespace: NamespaceCoordinator;

  beforeEach(async () => {
    const store = new MemorySessionStore();
    const services = { clock: systemClock, ids: systemIds };
    coordinator = await openCoordinator({ store, ...services, servesOthers: true });
    namespace = coordinator.namespace('default');
  });

  afterEach(() => coordinator.close());

  function attach(instanceId: string, applicationId = 'stock') {
    const resource = new FakeResource('stock/db');
    const detach = namespace.attach(resource, { applicationId, instanceId });
    return { resource, detach };
  }

  /** A decided transaction with one branch, whose phase one that instance did. */
  async function committed(instanceId: string, type: BranchType = 'AT'): Promise<string> {
    const xid = systemIds.newXid();
    const branchId = systemIds.newBranchId();
    const place = { resourceId: 'stock/db', applicationId: 'stock', instanceId };
    await namespace.begin({ xid, name: 'n', applicationId: 'order', timeoutMs: 60_000 });
    await namespace.registerBranch({ xid, branchId, type, ...place });
    await namespace.commit({ xid, waitMs: 0 });
    return xid;
  }

  async function isCommitted(xid: string): Promise<boolean> {
    return (await namespace.status({ xid })).status === 'committed';
  }

  it('finishes its branches at the instance that did phase one', async () => {
    const first = attach('stock-1');
    const second = attach('stock-2');

    const xids = await Promise.all([committed('stock-1'), committed('stock-2')]);

    for (const xid of xids) await until(() => isCommitted(xid));
    expect(first.resource.transcript).toHaveLength(1);
    expect(second.resource.transcript).toHaveLength(1);
  });

  it('finishes them at another one when that instance is lost', async () => {
    const first = attach('stock-1');
    const second = attach('stock-2');
    first.detach.lost();

    const xid = await committed('stock-1');

    await until(() => isCommitted(xid));
    expect(second.resource.transcript).toHaveLength(1);
  });

  it('asks another instance when the first one fails', async () => {
    const first = attach('stock-1');
    first.resource.answers({ kind: 'retry', error: 'connection lost' });
    const second = attach('stock-2');

    const xid = await committed('stock-1');

    await until(() => isCommitted(xid));
    expect(second.resource.transcript).toHaveLength(1);
  });

  it('waits for its application where the branch needs its code, and blocks nobody', async () => {
    const stranger = attach('report-1', 'report');
    const waiting = await committed('stock-1', 'TCC');
    const other = await committed('stock-1', 'AT');
    await until(() => isCommitted(other));
    expect(await isCommitted(waiting)).toBe(false);

    const back = attach('stock-9');

    await until(() => isCommitted(waiting));
    expect(stranger.resource.transcript).toHaveLength(1);
    expect(back.resource.transcript).toHaveLength(1);
  });

  it('is not held up by an instance that does not answer', async () => {
    const silent = attach('stock-1');
    const release = silent.resource.holds();
    attach('stock-2');
    const held = await committed('stock-1');
    await until(() => silent.resource.calls.length === 1);

    const xid = await committed('stock-2');

    await until(() => isCommitted(xid));
    expect(await isCommitted(held)).toBe(false);
    release();
    await until(() => isCommitted(held));
  });

  it('lets an instance leave when its calls have ended', async () => {
    const first = attach('stock-1');
    const release = first.resource.holds();
    const xid = await committed('stock-1');
    await until(() => first.resource.calls.length === 1);
    let hasLeft = false;

    const leaving = first.detach().then(() => (hasLeft = true));
    const second = attach('stock-2');
    const other = await committed('stock-1');

    await until(() => isCommitted(other));
    expect(second.resource.transcript).toHaveLength(1);
    expect(hasLeft).toBe(false);
    release();
    await leaving;
    await until(() => isCommitted(xid));
  });

  it('is refused twice at the same instance', () => {
    attach('stock-1');

    expect(() => attach('stock-1')).toThrow(
      expect.objectContaining({ code: 'DTX_ERR_CONFIG_DUPLICATE_RESOURCE' }) as Error,
    );
  });
});
