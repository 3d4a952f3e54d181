import { currentXid } from '../../../lib/transaction/index.js';
import { managerUnderTest } from './manager-under-test.js';

describe('GlobalTransaction', () => {
  it('is not around its caller until run() puts it there', async () => {
    const { manager } = managerUnderTest();
    const transaction = await manager.begin({ name: 'order' });

    const seen = await transaction.run(() => currentXid());

    expect(seen).toBe(transaction.xid);
    expect(currentXid()).toBeUndefined();
    await transaction.rollback();
  });

  it('commits once, however often it is asked', async () => {
    const { coordinator, manager } = managerUnderTest();
    const transaction = await manager.begin({ name: 'order' });

    await transaction.commit();
    await transaction.commit();

    expect(coordinator.transcript).toEqual(['begin order', 'commit order']);
  });

  it('cannot be rolled back after its commit', async () => {
    const { manager } = managerUnderTest();
    const transaction = await manager.begin({ name: 'order' });
    await transaction.commit();

    const rollback = transaction.rollback();

    await expect(rollback).rejects.toThrow(/DTX_ERR_TM_FINISHED.*rollback\(\) came after/);
  });

  it('cannot be committed after its rollback', async () => {
    const { manager } = managerUnderTest();
    const transaction = await manager.begin({ name: 'order' });
    await transaction.rollback();

    await expect(transaction.commit()).rejects.toThrow(/DTX_ERR_TM_FINISHED/);
  });

  it('may be asked for its rollback again', async () => {
    const { manager } = managerUnderTest();
    const transaction = await manager.begin({ name: 'order' });
    await transaction.rollback();

    await expect(transaction.rollback()).resolves.toMatchObject({ status: 'rolled-back' });
  });

  it.each(['commit', 'rollback'] as const)(
    'leaves %s to the service that began it',
    async (end) => {
      const { manager } = managerUnderTest();
      const participant = manager.join('abc');

      await expect(participant[end]()).rejects.toThrow(
        new RegExp(`DTX_ERR_TM_NOT_LAUNCHER.*${end} of global transaction abc.*setRollbackOnly`),
      );
    },
  );

  it('tells what its coordinator knows', async () => {
    const { manager } = managerUnderTest();
    const transaction = await manager.begin({ name: 'order' });

    await expect(transaction.status()).resolves.toMatchObject({ name: 'order', status: 'active' });
    await transaction.rollback();
  });

  it('rolls back instead of committing over a local transaction that is still open', async () => {
    const { coordinator, manager } = managerUnderTest();
    const transaction = await manager.begin({ name: 'order' });
    transaction.enter('A local transaction on stock');

    const commit = transaction.commit();

    await expect(commit).rejects.toThrow(/DTX_ERR_TM_BRANCH_OPEN.*1 local transaction.*Await/);
    expect(coordinator.transcript).toEqual(['begin order', 'rollback order (requested)']);
  });

  it('commits when every local transaction has ended, even if one says so twice', async () => {
    const { coordinator, manager } = managerUnderTest();
    const transaction = await manager.begin({ name: 'order' });
    const leave = transaction.enter('A local transaction on stock');
    leave();
    leave();

    await transaction.commit();

    expect(coordinator.transcript).toEqual(['begin order', 'commit order']);
  });

  it('lets nobody in when a participant has finished', () => {
    const { manager } = managerUnderTest();
    const participant = manager.join('abc');
    participant.finish();

    expect(() => participant.enter('A write')).toThrow(/DTX_ERR_TM_FINISHED.*A write came after/);
  });

  it('refuses an inbound xid that is none', () => {
    const { manager } = managerUnderTest();
    expect(() => manager.join("x'; DROP TABLE")).toThrow(/DTX_ERR_BAD_XID.*is not an xid/);
  });
});
