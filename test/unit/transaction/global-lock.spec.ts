import { lastValueFrom, of } from 'rxjs';

import { InvalidOptionError, TransactionFinishedError } from '../../../lib/protocol/index.js';
import {
  currentGlobalLock,
  currentTransaction,
  lockWaitOf,
} from '../../../lib/transaction/index.js';
import { managerUnderTest } from './manager-under-test.js';

describe('TransactionManager.underLock', () => {
  it('puts the lock around its body, and asks the coordinator for nothing', async () => {
    const { coordinator, manager } = managerUnderTest();

    const lock = await manager.underLock({ name: 'a', lockWaitTimeoutMs: 5 }, () =>
      currentGlobalLock(),
    );

    expect(lock).toMatchObject({ name: 'a', lockWaitTimeoutMs: 5 });
    expect(currentGlobalLock()).toBeUndefined();
    expect(coordinator.transcript).toEqual([]);
  });

  it('changes nothing inside an active global transaction', async () => {
    const { manager } = managerUnderTest();

    const lock = await manager.run({}, () => manager.underLock({}, () => currentGlobalLock()));

    expect(lock).toBeUndefined();
  });

  it('waits as long as the lock around it, where it does not say it itself', async () => {
    const { manager } = managerUnderTest();

    const lock = await manager.underLock({ lockWaitTimeoutMs: 7 }, () =>
      manager.underLock({ name: 'inner' }, () => currentGlobalLock()),
    );

    expect(lock).toMatchObject({ name: 'inner', lockWaitTimeoutMs: 7 });
  });

  it('refuses a caller whose global transaction has ended', async () => {
    const { manager } = managerUnderTest();
    const transaction = await manager.begin();
    const late = transaction.run(async () => {
      await transaction.commit();
      return manager.underLock({}, () => 'ran');
    });

    await expect(late).rejects.toThrow(TransactionFinishedError);
  });

  it('gives way to a global transaction that begins inside', async () => {
    const { manager } = managerUnderTest();

    const xid = await manager.underLock({}, () => manager.run({}, () => currentTransaction()?.xid));

    expect(xid).toMatch(/^[0-9a-f]{40}$/);
  });

  it('is around the work of a stream, and not around who gets its values', async () => {
    const { manager } = managerUnderTest();
    const seen: unknown[] = [];
    const stream = manager.executeStreamUnderLock({ name: 's', lockWaitTimeoutMs: 1 }, () =>
      of(currentGlobalLock()?.name),
    );

    stream.subscribe((name) => seen.push(name, currentGlobalLock()));

    expect(seen).toEqual(['s', undefined]);
    await expect(lastValueFrom(stream)).resolves.toBe('s');
  });
});

describe('how long a statement waits for a held row', () => {
  it.each([
    [{}, undefined],
    [{ lockWaitTimeoutMs: 0 }, 0],
    [{ lockRetryIntervalMs: 20, lockRetryTimes: 50 }, 1000],
    [{ lockRetryIntervalMs: 100 }, 3000],
    [{ lockRetryTimes: 5 }, 50],
  ])('is %j = %p ms', (options, expected) => {
    expect(lockWaitOf(options, 'here')).toBe(expected);
  });

  it.each([
    [{ lockWaitTimeoutMs: -1 }, /lockWaitTimeoutMs of here/],
    [{ lockRetryIntervalMs: 0.5 }, /lockRetryIntervalMs of here/],
    [{ lockRetryTimes: -1 }, /lockRetryTimes of here/],
    [{ lockRetryIntervalMs: 1000, lockRetryTimes: 1000 }, /lockRetryIntervalMs x lockRetryTimes/],
    [{ lockWaitTimeoutMs: 1, lockRetryTimes: 1 }, /Give it alone/],
  ])('cannot be %j', (options, message) => {
    expect(() => lockWaitOf(options, 'here')).toThrow(InvalidOptionError);
    expect(() => lockWaitOf(options, 'here')).toThrow(message);
  });
});
