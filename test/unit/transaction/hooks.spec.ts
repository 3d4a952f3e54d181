import type { FailureHandler, TransactionHooks } from '../../../lib/transaction/index.js';
import { managerUnderTest } from './manager-under-test.js';

/** Hooks and a failure handler that write down when they are called. */
function listeners(throwing?: string) {
  const heard: string[] = [];
  const hear = (name: string) => () => {
    heard.push(name);
    if (name === throwing) throw new Error(`${name} is broken`);
  };
  const hookNames = ['beforeBegin', 'afterBegin', 'beforeCommit', 'afterCommit'];
  const endNames = ['beforeRollback', 'afterRollback', 'afterCompletion'];
  const failureNames = ['onBeginFailure', 'onCommitFailure', 'onRollbackFailure'];
  const table = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, hear(name)]));
  const hooks: TransactionHooks = table([...hookNames, ...endNames]);
  const failureHandler: FailureHandler = table([...failureNames, 'onRollbackPending']);
  return { heard, hooks, failureHandler };
}

describe('hooks', () => {
  it('are called around a commit in order', async () => {
    const { heard, ...deps } = listeners();
    const { manager } = managerUnderTest(deps);

    await manager.run({ name: 'order' }, () => heard.push('body'));

    expect(heard).toEqual([
      'beforeBegin',
      'afterBegin',
      'body',
      'beforeCommit',
      'afterCommit',
      'afterCompletion',
    ]);
  });

  it('are called around a rollback in order', async () => {
    const { heard, ...deps } = listeners();
    const { manager } = managerUnderTest(deps);

    await manager.run({ name: 'order' }, () => Promise.reject(new Error('no'))).catch(() => 0);

    expect(heard).toEqual([
      'beforeBegin',
      'afterBegin',
      'beforeRollback',
      'afterRollback',
      'afterCompletion',
    ]);
  });

  it('are told of the rollback when a commit was answered with one', async () => {
    const { heard, ...deps } = listeners();
    const { coordinator, manager } = managerUnderTest(deps);
    coordinator.failNextCommit('rollback-only');

    await manager.run({ name: 'order' }, () => 1).catch(() => undefined);

    expect(heard.slice(2)).toEqual([
      'beforeCommit',
      'onCommitFailure',
      'afterRollback',
      'afterCompletion',
    ]);
  });

  it('stop the transaction when beforeBegin throws', async () => {
    const { heard, ...deps } = listeners('beforeBegin');
    const { coordinator, manager } = managerUnderTest(deps);

    const run = manager.run({ name: 'order' }, () => heard.push('body'));

    await expect(run).rejects.toThrow('beforeBegin is broken');
    expect(heard).toEqual(['beforeBegin', 'onBeginFailure']);
    expect(coordinator.transcript).toEqual([]);
  });

  it('roll back when beforeCommit throws', async () => {
    const { coordinator, manager } = managerUnderTest(listeners('beforeCommit'));

    const run = manager.run({ name: 'order' }, () => 1);

    await expect(run).rejects.toThrow('beforeCommit is broken');
    expect(coordinator.transcript).toEqual(['begin order', 'rollback order (requested)']);
  });

  it.each(['afterBegin', 'afterCommit', 'afterCompletion'])(
    'cannot change a transaction from %s: the error is logged',
    async (name) => {
      const { coordinator, logged, manager } = managerUnderTest(listeners(name));

      await manager.run({ name: 'order' }, () => 1);

      expect(coordinator.transcript).toEqual(['begin order', 'commit order']);
      expect(logged).toEqual([`The hook ${name} threw; the transaction is not affected`]);
    },
  );
});

describe('the failure handler', () => {
  it('is told of a commit that failed', async () => {
    const { heard, ...deps } = listeners();
    const { coordinator, manager } = managerUnderTest(deps);
    coordinator.failNextCommit('unknown');

    await manager.run({ name: 'order' }, () => 1).catch(() => undefined);

    expect(heard).toContain('onCommitFailure');
  });

  it.each([
    ['begin', 'onBeginFailure'],
    ['commit', 'onCommitFailure'],
  ] as const)('is told of a %s that a client refuses before it answers', async (call, told) => {
    const { failureHandler, heard } = listeners();
    const { coordinator, manager } = managerUnderTest({ failureHandler });
    jest.spyOn(coordinator, call).mockImplementation(() => {
      throw new Error('no');
    });

    await expect(manager.run({ name: 'order' }, () => 1)).rejects.toThrow('no');

    expect(heard).toEqual([told]);
  });

  it('is told of a rollback that is not finished within its bound, with the xid', async () => {
    const pending: string[] = [];
    const { coordinator, logged, manager } = managerUnderTest({
      failureHandler: {
        onRollbackPending: (info, summary) => void pending.push(`${info.name} ${summary.status}`),
      },
    });
    const branch = {
      branchId: '1',
      seq: 1,
      type: 'AT',
      attempts: 3,
      status: 'registered',
    } as const;
    jest.spyOn(coordinator, 'rollback').mockImplementation(({ xid }) =>
      Promise.resolve({
        xid,
        status: 'rolling-back',
        branches: [{ ...branch, resourceId: 'stock', lastError: 'it is down' }],
      }),
    );
    const transaction = await manager.begin({ name: 'order' });

    const summary = await transaction.rollback();

    expect(summary).toMatchObject({ status: 'rolling-back', xid: transaction.xid });
    expect(pending).toEqual(['order rolling-back']);
    expect(logged.join()).toMatch(/not restored yet at stock \(it is down\).*stay locked/);
  });

  it('is told of a rollback whose answer was lost, and the caller of its own error', async () => {
    const { heard, ...deps } = listeners();
    const { coordinator, manager } = managerUnderTest(deps);
    jest.spyOn(coordinator, 'rollback').mockRejectedValue(new Error('connection reset'));

    const run = manager.run({ name: 'order' }, () => Promise.reject(new Error('out of stock')));

    await expect(run).rejects.toThrow('out of stock');
    expect(heard).toContain('onRollbackFailure');
  });
});
