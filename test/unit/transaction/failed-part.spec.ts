import { markFailedPart } from '../../../lib/transaction/index.js';
import { managerUnderTest } from './manager-under-test.js';

/** A participant that has begun, and ended, a local transaction. */
function worked() {
  const { coordinator, logged, manager } = managerUnderTest();
  const part = manager.join('x1');
  part.enter('A local transaction')();
  return { coordinator, logged, manager, part };
}

const failure = new Error('out of stock');

describe('a part that has failed', () => {
  it('marks the transaction, with what has failed and why', async () => {
    const { coordinator, part } = worked();

    await markFailedPart(part, 'StockController.deduct', failure);

    expect(coordinator.transcript).toEqual([
      'rollback-only x1 (StockController.deduct failed: out of stock)',
    ]);
  });

  it('marks it once, however many layers see the failure', async () => {
    const { coordinator, part } = worked();

    await markFailedPart(part, 'the inner layer', failure);
    await markFailedPart(part, 'the outer layer', failure);

    expect(coordinator.transcript).toHaveLength(1);
  });

  it('answers its caller also where the mark does not arrive, which the log tells', async () => {
    const { coordinator, logged, part } = worked();
    const lost = jest
      .spyOn(coordinator, 'setRollbackOnly')
      .mockRejectedValueOnce(new Error('gone'));

    await markFailedPart(part, 'the inner layer', failure);
    await markFailedPart(part, 'the outer layer', failure);

    expect(logged).toEqual(['x1 could not be marked rollback-only']);
    expect(lost).toHaveBeenCalledTimes(2);
  });

  it('marks nothing where it has not worked', async () => {
    const { coordinator, manager } = worked();

    await markFailedPart(manager.join('x2'), 'a lookup', failure);

    expect(coordinator.transcript).toEqual([]);
  });

  it('marks nothing where rules let the failure through', async () => {
    const { coordinator, manager, part } = worked();
    const refuse = () =>
      manager.run({ noRollbackFor: [() => true] }, () => {
        throw failure;
      });

    await part.run(refuse).catch(() => undefined);
    await markFailedPart(part, 'StockController.deduct', failure);

    expect(coordinator.transcript).toEqual([]);
  });

  it('marks what fails after work that came behind such a failure', async () => {
    const { coordinator, part } = worked();
    part.spare();
    part.enter('Another local transaction')();

    await markFailedPart(part, 'StockController.deduct', failure);

    expect(coordinator.transcript).toHaveLength(1);
  });

  it('marks nothing after its end, which is when its caller was answered', async () => {
    const { coordinator, part } = worked();
    part.finish();

    await markFailedPart(part, 'StockController.deduct', failure);

    expect(coordinator.transcript).toEqual([]);
  });

  it('is no business of the service that began the transaction', async () => {
    const { coordinator, manager } = managerUnderTest();
    const transaction = await manager.begin({ name: 'order' });
    transaction.enter('A local transaction')();

    await markFailedPart(transaction, 'OrderController.place', failure);

    expect(transaction.rollbackOnlyReason).toBeUndefined();
    expect(coordinator.transcript).toEqual(['begin order']);
  });
});
