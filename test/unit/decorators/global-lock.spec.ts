import 'reflect-metadata';

import { of } from 'rxjs';

import {
  GlobalLock,
  GlobalTransactional,
  annotatedMethodsOf,
  fillSlot,
} from '../../../lib/decorators/index.js';
import { DtxRuntime } from '../../../lib/interceptors/index.js';
import {
  InvalidOptionError,
  Propagation,
  UnsupportedMethodError,
} from '../../../lib/protocol/index.js';
import { currentGlobalLock, currentXid } from '../../../lib/transaction/index.js';
import { managerUnderTest } from '../transaction/manager-under-test.js';

const seen = async () => ({ xid: currentXid(), lock: currentGlobalLock()?.name });

function running<T extends object>(instance: T) {
  const { coordinator, manager } = managerUnderTest();
  fillSlot(instance, new DtxRuntime(manager), 'test');
  return { instance, coordinator };
}

class Accounts {
  @GlobalLock({ lockWaitTimeoutMs: 5 })
  freeze() {
    return seen();
  }

  @GlobalLock()
  @GlobalTransactional({ name: 'above' })
  above() {
    return seen();
  }

  @GlobalTransactional({ name: 'below' })
  @GlobalLock()
  below() {
    return seen();
  }

  @GlobalLock()
  @GlobalTransactional({ propagation: Propagation.NOT_SUPPORTED })
  without() {
    return seen();
  }

  @GlobalLock({ returns: 'observable' })
  watch() {
    return of(currentGlobalLock()?.name);
  }
}

describe('@GlobalLock', () => {
  it('runs the method under the lock, without a transaction', async () => {
    const { coordinator, instance } = running(new Accounts());

    expect(await instance.freeze()).toEqual({ xid: undefined, lock: 'Accounts.freeze' });
    expect(coordinator.transcript).toEqual([]);
  });

  it.each(['above', 'below'] as const)(
    'stands %s @GlobalTransactional, inside of it',
    async (name) => {
      const { coordinator, instance } = running(new Accounts());

      const { lock, xid } = await instance[name]();

      expect(xid).toMatch(/^[0-9a-f]{40}$/);
      expect(lock).toBeUndefined();
      expect(coordinator.transcript).toEqual([`begin ${name}`, `commit ${name}`]);
    },
  );

  it('is in force where the propagation leaves the method without a transaction', async () => {
    const { instance } = running(new Accounts());

    expect(await instance.without()).toEqual({ xid: undefined, lock: 'Accounts.without' });
  });

  it('is around the work of a stream', () => {
    const { instance } = running(new Accounts());
    const values: unknown[] = [];

    instance.watch().subscribe((value) => values.push(value));

    expect(values).toEqual(['Accounts.watch']);
  });

  it('does nothing on an object that no container has built', async () => {
    expect(await new Accounts().freeze()).toEqual({ xid: undefined, lock: undefined });
  });

  it('counts as one method together with @GlobalTransactional', () => {
    const { definitions } = annotatedMethodsOf(Accounts.prototype);

    expect(definitions).toHaveLength(5);
    expect(definitions[1]).toMatchObject({
      transaction: { name: 'above' },
      lock: { name: 'Accounts.above' },
    });
  });

  it.each([
    [{ lockWaitTimeoutMs: -1 }, InvalidOptionError],
    [{ name: '' }, InvalidOptionError],
  ])('is refused when the class is loaded with %j', (options, error) => {
    const apply = GlobalLock(options);
    const descriptor = { value: seen };

    expect(() => {
      apply(Accounts.prototype, 'other', descriptor);
    }).toThrow(error);
  });

  it('is refused on a static method, by its own name', () => {
    const apply = GlobalLock();
    const place = () => {
      apply(Accounts, 'other', {});
    };

    expect(place).toThrow(UnsupportedMethodError);
    expect(place).toThrow(/Put @GlobalLock on methods only/);
  });
});
