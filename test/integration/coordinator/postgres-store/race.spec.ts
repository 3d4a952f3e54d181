import type {
  Coordinator,
  NamespaceCoordinator,
  SessionStore,
} from '../../../../lib/coordinator/index.js';
import { openCoordinator } from '../../../../lib/coordinator/index.js';
import { openPostgresStore } from '../../../../lib/coordinator/store/postgres/index.js';
import { codeOf } from '../../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../../lib/system/index.js';
import type { TestDatabase } from '../../../servers/test-database.js';
import { createTestDatabase } from '../../../servers/test-database.js';
import { standing } from '../store-conformance/sessions.js';

const ROUND_COUNT = 60;

describe('Two nodes on one PostgreSQL', () => {
  let database: TestDatabase;
  let store: SessionStore;
  let coordinators: Coordinator[];
  let one: NamespaceCoordinator;
  let two: NamespaceCoordinator;
  beforeEach(async () => {
    database = await createTestDatabase();
    store = await openPostgresStore({ url: database.url });
    coordinators = [await node(), await node()];
    [one, two] = coordinators.map((coordinator) => coordinator.namespace('default')) as [
      NamespaceCoordinator,
      NamespaceCoordinator,
    ];
  });
  afterEach(async () => {
    await Promise.all(coordinators.map((coordinator) => coordinator.close()));
    await store.close();
    await database.drop();
  });

  async function node(): Promise<Coordinator> {
    const own = await openPostgresStore({ url: database.url });
    return openCoordinator({ store: own, clock: systemClock, ids: systemIds });
  }

  async function begun(): Promise<string> {
    const xid = systemIds.newXid();
    await one.begin({ xid, name: 'race', applicationId: 'shop', timeoutMs: 60_000 });
    return xid;
  }

  /** Whether the branch was let in. */
  async function registers(at: NamespaceCoordinator, xid: string, branchId: string) {
    const request = {
      xid,
      branchId,
      type: 'AT',
      resourceId: 'bank',
      applicationId: 'shop',
    } as const;
    try {
      await at.registerBranch(request);
      return true;
    } catch (error) {
      expect(codeOf(error)).toBe('DTX_ERR_TC_NOT_ACTIVE');
      return false;
    }
  }

  it('never let a branch slip in behind the decision of the other one', async () => {
    const rounds = Array.from({ length: ROUND_COUNT }, async (_, round) => {
      const xid = await begun();
      const [isIn, decided] = await Promise.all([
        registers(round % 2 === 0 ? one : two, xid, '7'),
        (round % 2 === 0 ? two : one).commit({ xid, waitMs: 0 }),
      ]);
      const found = await standing(store, { namespace: 'default', xid });
      return { isIn, told: decided.branches.length, kept: found?.branches.length };
    });

    for (const { isIn, kept, told } of await Promise.all(rounds)) {
      // Whoever was let in is part of the decision; whoever was not is nowhere.
      expect({ kept, told }).toEqual(isIn ? { kept: 1, told: 1 } : { kept: 0, told: 0 });
    }
  });

  it('make one decision when one commits while the other one rolls back', async () => {
    const rounds = Array.from({ length: ROUND_COUNT }, async () => {
      const xid = await begun();
      const told = await Promise.all([
        one.commit({ xid, waitMs: 0 }),
        two.rollback({ xid, waitMs: 0 }),
      ]);
      const found = await standing(store, { namespace: 'default', xid });
      return [...told.map(({ status }) => status), found?.status];
    });

    for (const statuses of await Promise.all(rounds)) expect(new Set(statuses).size).toBe(1);
  });

  it('keep every branch that both let in at the same time', async () => {
    const xid = await begun();
    const branchIds = Array.from({ length: 40 }, (_, index) => String(index + 1));

    const isIn = await Promise.all(
      branchIds.map((branchId, index) => registers(index % 2 === 0 ? one : two, xid, branchId)),
    );

    expect(isIn).toEqual(branchIds.map(() => true));
    const found = await standing(store, { namespace: 'default', xid });
    expect(found?.branches.map(({ seq }) => seq)).toEqual(branchIds.map(Number));
    expect(new Set(found?.branches.map(({ branchId }) => branchId))).toEqual(new Set(branchIds));
  });
});
