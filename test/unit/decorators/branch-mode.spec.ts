import 'reflect-metadata';

import { Observable, lastValueFrom } from 'rxjs';

import { BranchMode, GlobalTransactional, fillSlot } from '../../../lib/decorators/index.js';
import { DtxRuntime } from '../../../lib/interceptors/index.js';
import { InvalidOptionError, UnsupportedMethodError } from '../../../lib/protocol/index.js';
import { currentBranchMode, currentXid } from '../../../lib/transaction/index.js';
import { managerUnderTest } from '../transaction/manager-under-test.js';

const seen = async () => ({ hasXid: currentXid() !== undefined, mode: currentBranchMode() });

function running<T extends object>(instance: T) {
  const { manager } = managerUnderTest();
  fillSlot(instance, new DtxRuntime(manager), 'test');
  return { instance, manager };
}

class Ledger {
  @BranchMode('XA')
  alone() {
    return seen();
  }

  @BranchMode('XA')
  @GlobalTransactional()
  above() {
    return seen();
  }

  @GlobalTransactional()
  @BranchMode('XA')
  below() {
    return seen();
  }

  @BranchMode('XA', { returns: 'observable' })
  watch() {
    return new Observable<unknown>((subscriber) => {
      subscriber.next(currentBranchMode());
      subscriber.complete();
    });
  }
}

describe('@BranchMode', () => {
  it('says the mode, and begins no transaction', async () => {
    const { instance } = running(new Ledger());

    expect(await instance.alone()).toEqual({ hasXid: false, mode: 'XA' });
    expect(currentBranchMode()).toBeUndefined();
  });

  it.each(['above', 'below'] as const)('stands %s @GlobalTransactional', async (name) => {
    const { instance } = running(new Ledger());

    expect(await instance[name]()).toEqual({ hasXid: true, mode: 'XA' });
  });

  it('is in force for the work of a stream', async () => {
    const { instance } = running(new Ledger());

    expect(await lastValueFrom(instance.watch())).toBe('XA');
  });

  it('does nothing on an object that no container has built', async () => {
    expect(await new Ledger().alone()).toEqual({ hasXid: false, mode: undefined });
  });

  it('refuses a mode that there is not, when the class is loaded', () => {
    const load = () => {
      class Wrong {
        // @ts-expect-error it is a mode of branches that have no local transaction
        @BranchMode('TCC')
        async work(): Promise<void> {}
      }
      return Wrong;
    };

    expect(load).toThrow(InvalidOptionError);
    expect(load).toThrow(/@BranchMode of Wrong\.work.*Use 'AT' or 'XA'/);
  });

  it('refuses a static method', () => {
    const load = () => {
      class Wrong {
        @BranchMode('XA')
        static async work(): Promise<void> {}
        readonly field = 1;
      }
      return Wrong;
    };

    expect(load).toThrow(UnsupportedMethodError);
  });
});

describe('TransactionManager.inMode', () => {
  it('says the mode for its body', async () => {
    const { manager } = managerUnderTest();

    const inside = await manager.inMode('XA', () => currentBranchMode());

    expect(inside).toBe('XA');
    expect(currentBranchMode()).toBeUndefined();
  });

  it('refuses a mode that there is not', async () => {
    const { manager } = managerUnderTest();

    const run = manager.inMode('SAGA' as 'XA', () => 1);

    await expect(run).rejects.toThrow(InvalidOptionError);
  });
});
