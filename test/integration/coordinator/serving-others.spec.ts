import type { Coordinator, CoordinatorOptions } from '../../../lib/coordinator/index.js';
import {
  MemorySessionStore,
  openCoordinator,
  openSqliteStore,
} from '../../../lib/coordinator/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { testFolder } from './support/test-folder.js';

describe('A coordinator that serves clients of other processes', () => {
  const folder = testFolder();
  const opened: Coordinator[] = [];

  afterEach(async () => {
    for (const coordinator of opened.splice(0)) await coordinator.close();
  });

  async function open(options: Partial<CoordinatorOptions> = {}) {
    const store = new MemorySessionStore();
    const defaults = { store, ...services, servesOthers: true };
    const coordinator = await openCoordinator({ ...defaults, ...options });
    opened.push(coordinator);
    return coordinator;
  }

  const services = { clock: systemClock, ids: systemIds };
  const beginning = { name: 'n', applicationId: 'order', timeoutMs: 60_000 };
  const branching = { type: 'AT', resourceId: 'stock/db', applicationId: 'stock' } as const;

  it('leaves what they have begun active when it is started anew', async () => {
    const file = folder.path('coordinator.db');
    const xid = systemIds.newXid();
    const store = await openSqliteStore(file);
    const before = await openCoordinator({ store, ...services, servesOthers: true });
    await before.namespace('default').begin({ ...beginning, xid });
    // Takes the file away from under it, as a crash does.
    await store.close();

    const after = await open({ store: await openSqliteStore(file) });

    const { status } = await after.namespace('default').status({ xid });
    expect(status).toBe('active');
    const summary = await after.namespace('default').commit({ xid, waitMs: 0 });
    expect(summary.status).toBe('committed');
  });

  it('waits for a begin that a registration has overtaken', async () => {
    const namespace = (await open()).namespace('default');
    const xid = systemIds.newXid();
    const branchId = systemIds.newBranchId();

    const registered = namespace.registerBranch({ ...branching, xid, branchId });
    await namespace.begin({ ...beginning, xid });

    await expect(registered).resolves.toBeUndefined();
  });

  it('refuses a registration whose begin does not come', async () => {
    const namespace = (await open()).namespace('default');
    const xid = systemIds.newXid();
    const branchId = systemIds.newBranchId();

    const registered = namespace.registerBranch({ ...branching, xid, branchId });

    await expect(registered).rejects.toMatchObject({
      code: 'DTX_ERR_TC_NOT_ACTIVE',
      status: 'absent',
    });
  });

  it.each([
    ['NUL', 'a\0b'],
    ['half of a surrogate pair', 'a\ud800b'],
  ])('refuses data with %s, which some stores cannot keep', async (_what, data) => {
    const namespace = (await open()).namespace('default');
    const xid = systemIds.newXid();
    await namespace.begin({ ...beginning, xid });

    const registered = namespace.registerBranch({ ...branching, xid, branchId: '7', data });

    await expect(registered).rejects.toMatchObject({ code: 'DTX_ERR_CONFIG_OPTION' });
  });

  it.each(['awaitRelease', 'commit', 'rollback'] as const)(
    'ends the wait of %s when the caller is gone',
    async (what) => {
      const namespace = (await open()).namespace('default');
      const xid = systemIds.newXid();
      const gone = new AbortController();
      await namespace.begin({ ...beginning, xid });
      await namespace.registerBranch({ ...branching, xid, branchId: '7' });
      if (what === 'awaitRelease') await namespace.rollback({ xid, waitMs: 0 });

      const waiting = namespace[what](
        { xid, waitMs: 3_600_000, timeoutMs: 3_600_000 },
        gone.signal,
      );
      setImmediate(() => {
        gone.abort();
      });

      expect((await waiting).status).toBe(what === 'commit' ? 'committing' : 'rolling-back');
    },
  );

  describe('with caps', () => {
    const caps = { openTransactionsMax: 2, branchesMax: 2 };
    const namespaceCaps = { large: { openTransactionsMax: 3 } };

    async function fill(coordinator: Coordinator, name: string, count: number) {
      const namespace = coordinator.namespace(name);
      for (let open = 0; open < count; open += 1) {
        await namespace.begin({ ...beginning, xid: systemIds.newXid() });
      }
      return namespace;
    }

    it('refuses a namespace more open transactions than it may have, and no other', async () => {
      const coordinator = await open({ caps, namespaceCaps });
      const small = await fill(coordinator, 'small', 2);
      await fill(coordinator, 'large', 3);

      const refused = small.begin({ ...beginning, xid: systemIds.newXid() });

      await expect(refused).rejects.toMatchObject({
        code: 'DTX_ERR_RESOURCE_EXHAUSTED',
        max: 2,
        message: expect.stringContaining('small') as string,
      });
    });

    it('refuses a transaction more branches than it may have', async () => {
      const coordinator = await open({ caps });
      const namespace = coordinator.namespace('default');
      const xid = systemIds.newXid();
      await namespace.begin({ ...beginning, xid });
      const register = () =>
        namespace.registerBranch({ ...branching, xid, branchId: systemIds.newBranchId() });
      await register();
      await register();

      await expect(register()).rejects.toMatchObject({
        code: 'DTX_ERR_RESOURCE_EXHAUSTED',
        limit: 'branches',
        max: 2,
      });
    });
  });
});
