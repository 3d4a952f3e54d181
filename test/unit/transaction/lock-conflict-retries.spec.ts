import type { Observable } from 'rxjs';
import { concat, lastValueFrom, of, throwError, toArray } from 'rxjs';

import { InvalidOptionError, LockConflictError, Propagation } from '../../../lib/protocol/index.js';
import type { Clock } from '../../../lib/protocol/index.js';
import { systemClock } from '../../../lib/system/index.js';
import { currentXid } from '../../../lib/transaction/index.js';
import { managerUnderTest } from './manager-under-test.js';

const conflict = () =>
  new LockConflictError('x', 'bank', { table: 'account', key: '1', holderXid: 'h' }, 'Wait.');

/** Time passes at once, and is written down. */
function retrying(lockConflictRetries?: number) {
  const pauses: number[] = [];
  const clock: Clock = {
    ...systemClock,
    after(delayMs, callback) {
      pauses.push(delayMs);
      queueMicrotask(callback);
      return { cancel() {} };
    },
  };
  const deps = lockConflictRetries === undefined ? {} : { lockConflictRetries };
  return { ...managerUnderTest({ clock, ...deps }), pauses };
}

/** Fails so often, then gives the xids that it has seen. */
function failing(times: number, error: () => unknown = conflict) {
  const xids: (string | undefined)[] = [];
  return async () => {
    xids.push(currentXid());

    if (xids.length <= times) throw error();
    return xids;
  };
}

const ONCE_AGAIN = ['begin a', 'rollback a (requested)', 'begin a', 'commit a'];

describe('a lock conflict', () => {
  it('has the work run again as a new transaction each time, after growing pauses', async () => {
    const { coordinator, manager, pauses } = retrying();

    const xids = await manager.run({ name: 'a', lockConflictRetries: 2 }, failing(2));

    expect(new Set(xids).size).toBe(3);
    expect(coordinator.transcript).toEqual(['begin a', 'rollback a (requested)', ...ONCE_AGAIN]);
    expect(pauses[0]).toBeGreaterThanOrEqual(10);
    expect(pauses[0]).toBeLessThanOrEqual(20);
    expect(pauses[1]).toBeGreaterThanOrEqual(20);
    expect(pauses[1]).toBeLessThanOrEqual(40);
  });

  it('is thrown when the retries are used up', async () => {
    const { coordinator, manager } = retrying();

    const run = manager.run({ name: 'a', lockConflictRetries: 1 }, failing(2));

    await expect(run).rejects.toThrow(LockConflictError);
    expect(coordinator.transcript).toHaveLength(4);
  });

  it('is thrown at once by default', async () => {
    const { coordinator, manager } = retrying();

    await expect(manager.run({ name: 'a' }, failing(1))).rejects.toThrow(LockConflictError);
    expect(coordinator.transcript).toHaveLength(2);
  });

  it('is retried as often as the manager says, where the transaction does not say it', async () => {
    const { coordinator, manager } = retrying(1);

    await manager.run({ name: 'a' }, failing(1));

    expect(coordinator.transcript).toEqual(ONCE_AGAIN);
  });

  it.each([
    [
      'inside the error of TypeORM',
      () => Object.assign(new Error('q'), { driverError: conflict() }),
    ],
    ['as a cause', () => new Error('no', { cause: conflict() })],
    ['as an HTTP answer', () => ({ response: { data: { code: 'DTX_ERR_RM_LOCK_CONFLICT' } } })],
    ['as a gRPC status', () => ({ code: 2, details: '2 UNKNOWN: [DTX_ERR_RM_LOCK_CONFLICT] Row' })],
  ])('is known when it arrives %s', async (_how, error) => {
    const { coordinator, manager } = retrying(1);

    await manager.run({ name: 'a' }, failing(1, error));

    expect(coordinator.transcript).toEqual(ONCE_AGAIN);
  });

  it('is known by the mark that another service has left', async () => {
    const { coordinator, manager } = retrying(1);
    const work = failing(1, () => new Error('HTTP 500'));

    await manager
      .run({ name: 'a' }, async () => {
        const xid = currentXid() ?? '';
        await coordinator.setRollbackOnly({ xid, reason: `B failed: ${conflict().message}` });
        return work();
      })
      .catch(() => undefined);

    expect(coordinator.transcript.filter((line) => line.startsWith('begin'))).toHaveLength(2);
  });

  it('is not retried where another error came', async () => {
    const { coordinator, manager } = retrying(3);

    const run = manager.run(
      { name: 'a' },
      failing(1, () => new Error('no stock')),
    );

    await expect(run).rejects.toThrow('no stock');
    expect(coordinator.transcript).toHaveLength(2);
  });

  it('is not retried where the rules have committed', async () => {
    const { coordinator, manager } = retrying(3);

    const run = manager.run({ name: 'a', noRollbackFor: [LockConflictError] }, failing(1));

    await expect(run).rejects.toThrow(LockConflictError);
    expect(coordinator.transcript).toEqual(['begin a', 'commit a']);
  });

  it('is retried by who has begun, and not by who has joined', async () => {
    const { coordinator, manager } = retrying();
    const inner = failing(1);

    await manager.run({ name: 'a', lockConflictRetries: 1 }, () =>
      manager.run({ name: 'b', lockConflictRetries: 5, propagation: Propagation.REQUIRED }, inner),
    );

    expect(coordinator.transcript).toEqual(ONCE_AGAIN);
  });

  it('calls the hooks for each run', async () => {
    const begun: string[] = [];
    const { manager } = managerUnderTest({
      lockConflictRetries: 1,
      hooks: { beforeBegin: ({ xid }) => void begun.push(xid) },
    });

    await manager.run({ name: 'a' }, failing(1));

    expect(new Set(begun).size).toBe(2);
  });

  it('has a stream begin again that has given nothing yet', async () => {
    const { coordinator, manager } = retrying(1);
    let count = 0;
    const stream = manager.stream({ name: 'a' }, () =>
      ++count === 1 ? throwError(conflict) : of(1, 2),
    );

    expect(await lastValueFrom(stream.pipe(toArray()))).toEqual([1, 2]);
    expect(coordinator.transcript).toEqual(ONCE_AGAIN);
  });

  it('ends a stream that has given a value', async () => {
    const { coordinator, manager } = retrying(1);
    const stream: Observable<number> = manager.stream({ name: 'a' }, () =>
      concat(of(1), throwError(conflict)),
    );

    await expect(lastValueFrom(stream)).rejects.toThrow(LockConflictError);
    expect(coordinator.transcript).toHaveLength(2);
  });

  it.each([-1, 1.5, 101])('cannot be retried %p times', async (lockConflictRetries) => {
    const { manager } = retrying();

    expect(() => manager.run({ lockConflictRetries }, failing(0))).toThrow(InvalidOptionError);
  });
});
