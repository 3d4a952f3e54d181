import { RecordingCoordinator } from '../../../lib/modules/testing/index.js';
import { GlobalNotActiveError, OutcomeUnknownError } from '../../../lib/protocol/index.js';

const begin = { xid: 'x1', name: 'place-order', applicationId: 'test', timeoutMs: 1000 };
const end = { xid: 'x1', waitMs: 0 };
const branch = {
  xid: 'x1',
  branchId: '7',
  type: 'AT',
  resourceId: 'orders',
  applicationId: 'test',
} as const;

describe('the recording coordinator', () => {
  let coordinator: RecordingCoordinator;

  beforeEach(async () => {
    coordinator = new RecordingCoordinator();
    await coordinator.begin(begin);
  });

  it('writes down what it is asked', async () => {
    await coordinator.registerBranch(branch);
    await coordinator.commit(end);

    expect(coordinator.transcript).toEqual([
      'begin place-order',
      'register AT orders',
      'commit place-order',
    ]);
  });

  it('writes down branches that were abandoned, and why it rolled back', async () => {
    await coordinator.registerBranch(branch);
    await coordinator.abandonBranch({ xid: 'x1', branchId: '7', reason: 'local rollback' });
    await coordinator.rollback(end);

    expect(coordinator.transcript.slice(2)).toEqual([
      'abandon AT orders',
      'rollback place-order (requested)',
    ]);
  });

  it('rolls back what a service that takes part has forbidden', async () => {
    await coordinator.setRollbackOnly({ xid: 'x1', reason: 'no money' });
    const summary = await coordinator.commit(end);

    expect(summary).toMatchObject({ status: 'rolled-back', reason: 'rollback-only' });
    expect(coordinator.transcript.slice(1)).toEqual([
      'rollback-only place-order (no money)',
      'rollback place-order (rollback-only)',
    ]);
  });

  it('knows the status of what it has seen, and of nothing else', async () => {
    await coordinator.registerBranch(branch);

    await expect(coordinator.status({ xid: 'x1' })).resolves.toMatchObject({
      xid: 'x1',
      name: 'place-order',
      status: 'active',
      branches: [{ branchId: '7', seq: 1, resourceId: 'orders', status: 'registered' }],
    });
    await expect(coordinator.status({ xid: 'x2' })).resolves.toMatchObject({ status: 'absent' });
  });

  it('takes no branch after the decision', async () => {
    await coordinator.commit(end);

    await expect(coordinator.registerBranch(branch)).rejects.toThrow(GlobalNotActiveError);
  });

  it('answers a repeated commit without writing it down twice', async () => {
    await coordinator.commit(end);
    await expect(coordinator.commit(end)).resolves.toMatchObject({ status: 'committed' });

    expect(coordinator.transcript).toEqual(['begin place-order', 'commit place-order']);
  });

  it('loses the answer of the next commit, once', async () => {
    coordinator.failNextCommit('unknown');
    const lost = coordinator.commit(end);

    await expect(lost).rejects.toThrow(OutcomeUnknownError);
    await expect(coordinator.status({ xid: 'x1' })).resolves.toMatchObject({ status: 'committed' });
    await coordinator.begin({ ...begin, xid: 'x2' });
    await expect(coordinator.commit({ ...end, xid: 'x2' })).resolves.toMatchObject({
      status: 'committed',
    });
  });

  it('refuses the next commit as rollback-only', async () => {
    coordinator.failNextCommit('rollback-only');

    await expect(coordinator.commit(end)).resolves.toMatchObject({
      status: 'rolled-back',
      reason: 'rollback-only',
      rollbackOnly: 'failNextCommit() was called',
    });
  });

  it('hands out a transcript that stays as it was, and can be cleared', async () => {
    const before = coordinator.transcript;
    await coordinator.commit(end);
    coordinator.clear();

    expect(before).toEqual(['begin place-order']);
    expect(coordinator.transcript).toEqual([]);
  });
});
