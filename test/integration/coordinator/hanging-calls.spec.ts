import type {
  BranchOutcome,
  BranchTarget,
  CoordinatorClient,
} from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { begin } from './support/client.js';
import { ManualClock, closeLate } from './support/manual-clock.js';

const HOUR_MS = 3_600_000;
/** As many calls as an instance of a resource gets at a time. */
const ALL_SLOTS = 16;

/** An action some of whose confirms never return. */
class Action {
  readonly hung = new Set<string>();
  readonly confirmed: string[] = [];
  readonly type = 'TCC';

  constructor(readonly resourceId: string) {}

  commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    if (targets.some(({ branchId }) => this.hung.has(branchId))) {
      return new Promise<never>(() => undefined);
    }
    this.confirmed.push(...targets.map(({ branchId }) => branchId));
    return Promise.resolve(targets.map(() => ({ kind: 'done' })));
  }

  rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return this.commitBranches(targets);
  }
}

describe('Confirms that never return', () => {
  let client: CoordinatorClient;
  let clock: ManualClock;
  let freeze: Action;
  let reserve: Action;

  beforeEach(async () => {
    clock = new ManualClock();
    client = await connectEmbedded({ store: ':memory:', clock, patience: { ageMsMax: HOUR_MS } });
    freeze = new Action('account.freeze');
    reserve = new Action('stock.reserve');
    await client.attach(freeze);
    await client.attach(reserve);
  });
  afterEach(() => closeLate(client, clock));

  /** Decides to commit one try of the action. */
  const committed = async (action: Action, isHung = false): Promise<string> => {
    const xid = await begin(client);
    const branchId = systemIds.newBranchId();
    if (isHung) action.hung.add(branchId);
    const { resourceId } = action;
    await client.registerBranch({ xid, branchId, type: 'TCC', resourceId, applicationId: 'bank' });
    await client.commit({ xid, waitMs: 0 });
    await clock.pass(0);
    return branchId;
  };

  it('keep no other action waiting, even where they have all the calls of theirs', async () => {
    for (let n = 0; n < 2 * ALL_SLOTS; n += 1) await committed(freeze, true);

    const branchId = await committed(reserve);

    expect(reserve.confirmed).toEqual([branchId]);
  });

  it('keep other branches of their action waiting only until they are given up', async () => {
    for (let n = 0; n < ALL_SLOTS; n += 1) await committed(freeze, true);
    const branchId = await committed(freeze);
    const before = [...freeze.confirmed];

    await clock.pass(31_000);

    expect([before, freeze.confirmed]).toEqual([[], [branchId]]);
  });

  it('leave calls free for others from their second try on', async () => {
    for (let n = 0; n < ALL_SLOTS; n += 1) await committed(freeze, true);
    // All of them are under way again, or wait for it.
    await clock.pass(45_000);

    const branchId = await committed(freeze);

    expect(freeze.confirmed).toEqual([branchId]);
  });

  it('do not stop their action, however often they are tried', async () => {
    await committed(freeze, true);
    // More repeats than calls may be left unanswered.
    await clock.pass(0.9 * HOUR_MS);

    const branchId = await committed(freeze);

    expect(freeze.confirmed).toEqual([branchId]);
  });

  it('need a person in the end', async () => {
    const xid = await begin(client);
    freeze.hung.add('7');
    const branch = { xid, branchId: '7', resourceId: 'account.freeze' };
    await client.registerBranch({ ...branch, type: 'TCC', applicationId: 'bank' });
    await client.commit({ xid, waitMs: 0 });

    await clock.pass(1.1 * HOUR_MS);

    const [found] = (await client.status({ xid })).branches;
    expect(found).toMatchObject({ status: 'needs-attention' });
  });
});
