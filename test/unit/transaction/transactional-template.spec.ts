import { of } from 'rxjs';

import {
  OutcomeUnknownError,
  Propagation,
  RollbackOnlyError,
} from '../../../lib/protocol/index.js';
import { currentTransaction, currentXid } from '../../../lib/transaction/index.js';
import { managerUnderTest } from './manager-under-test.js';

class BusinessError extends Error {}

const failing = (): Promise<never> => Promise.reject(new BusinessError('no'));

describe('TransactionManager.run', () => {
  it('begins, runs the body with its xid around it, and commits', async () => {
    const { coordinator, manager } = managerUnderTest();

    const xid = await manager.run({ name: 'order' }, () => Promise.resolve(currentXid()));

    expect(xid).toMatch(/^[0-9a-f]{40}$/);
    expect(coordinator.transcript).toEqual(['begin order', 'commit order']);
  });

  it('rolls back what throws, and throws the same value', async () => {
    const { coordinator, manager } = managerUnderTest();

    const run = manager.run({ name: 'order' }, failing);

    await expect(run).rejects.toThrow(BusinessError);
    expect(coordinator.transcript).toEqual(['begin order', 'rollback order (requested)']);
  });

  it('rolls back for a thrown value that is no error', async () => {
    const { coordinator, manager } = managerUnderTest();

    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the point here
    const run = manager.run({ name: 'order' }, () => Promise.reject('a text'));

    await expect(run).rejects.toBe('a text');
    expect(coordinator.transcript).toContain('rollback order (requested)');
  });

  it('commits and still throws when noRollbackFor lists the error', async () => {
    const { coordinator, manager } = managerUnderTest();

    const run = manager.run({ name: 'order', noRollbackFor: [BusinessError] }, failing);

    await expect(run).rejects.toThrow(BusinessError);
    expect(coordinator.transcript).toEqual(['begin order', 'commit order']);
  });

  it('runs a lazy thenable inside the transaction', async () => {
    const { manager } = managerUnderTest();
    let seen: string | undefined;
    const lazy = {
      then: (resolve: (value: string) => void) => {
        seen = currentXid();
        resolve('done');
      },
    };

    await manager.run({ name: 'order' }, () => lazy as unknown as Promise<string>);

    expect(seen).toBeDefined();
  });

  it('rolls back a promise of a stream, whose work would start after the commit', async () => {
    const { coordinator, manager } = managerUnderTest();

    const run = manager.run({ name: 'order' }, () => Promise.resolve(of(1)));

    await expect(run).rejects.toThrow(/DTX_ERR_TM_OBSERVABLE.*order returned an Observable/);
    expect(coordinator.transcript).toEqual(['begin order', 'rollback order (requested)']);
  });

  it('surfaces a lost answer to commit with the xid, and does not roll back', async () => {
    const { coordinator, manager } = managerUnderTest();
    coordinator.failNextCommit('unknown');

    const error: unknown = await manager
      .run({ name: 'order' }, () => undefined)
      .catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect((error as OutcomeUnknownError).xid).toMatch(/^[0-9a-f]{40}$/);
    expect(coordinator.transcript).toEqual(['begin order', 'commit order (answer lost)']);
  });

  it('leaves a transaction alone that the body has ended itself', async () => {
    const { coordinator, manager } = managerUnderTest();

    const run = manager.run({ name: 'order' }, async () => {
      await currentTransaction()?.rollback();
      throw new BusinessError('after the end');
    });

    await expect(run).rejects.toThrow(BusinessError);
    expect(coordinator.transcript).toEqual(['begin order', 'rollback order (requested)']);
  });
});

describe('a coordinator that keeps the order of calls', () => {
  /** Answers a begin only when the test says so. */
  const withSlowBegin = () => {
    const under = managerUnderTest();
    const { coordinator } = under;
    let answer: (refusal?: Error) => void = () => undefined;
    Object.assign(coordinator, { keepsOrder: true });
    const begin = coordinator.begin.bind(coordinator);
    jest.spyOn(coordinator, 'begin').mockImplementation(
      (request) =>
        new Promise((resolve, reject) => {
          answer = (refusal) => {
            if (refusal === undefined) resolve(begin(request));
            else reject(refusal);
          };
        }),
    );
    const late = (refusal?: Error): void => {
      answer(refusal);
    };
    return { ...under, answer: late };
  };

  it('is not waited for when a transaction begins', async () => {
    const { answer, manager } = withSlowBegin();

    const seen = await manager.run({ name: 'order' }, () => {
      answer();
      return Promise.resolve(currentXid());
    });

    expect(seen).toBeDefined();
  });

  it.each([true, false])('has no say in when the body begins (%s)', async (keepsOrder) => {
    const { coordinator, manager } = managerUnderTest();
    Object.assign(coordinator, { keepsOrder });
    const order: string[] = [];

    const run = manager.run({ name: 'order' }, () => order.push('body'));
    order.push('caller');
    await run;

    expect(order).toEqual(['caller', 'body']);
  });

  it('is waited for when a hook wants to hear of the begin', async () => {
    const { coordinator, manager } = managerUnderTest({ hooks: { afterBegin: () => undefined } });
    Object.assign(coordinator, { keepsOrder: true });
    const begin = jest.spyOn(coordinator, 'begin');

    await manager.run({ name: 'order' }, () => 1);

    expect(begin.mock.calls[0]?.[0].mayWait).toBe(false);
  });

  it('tells of a refused begin instead of what followed from it', async () => {
    const { answer, manager } = withSlowBegin();

    const run = manager.run({ name: 'order' }, () => {
      answer(new Error('too many transactions'));
      return Promise.reject(new Error('the coordinator does not know it'));
    });

    await expect(run).rejects.toThrow('too many transactions');
  });

  it('does not commit what has never begun', async () => {
    const { answer, manager } = withSlowBegin();

    const run = manager.run({ name: 'order' }, () => {
      answer(new Error('too many transactions'));
    });

    await expect(run).rejects.toThrow('too many transactions');
  });
});

describe('rollback-only', () => {
  it('refuses the commit of a swallowed failure of a joined part', async () => {
    const { coordinator, manager } = managerUnderTest();

    const run = manager.run({ name: 'order' }, async () => {
      await manager.run({ name: 'charge' }, failing).catch(() => undefined);
    });

    await expect(run).rejects.toThrow(RollbackOnlyError);
    await expect(run).rejects.toThrow(/charge failed: no/);
    expect(coordinator.transcript).toEqual(['begin order', 'rollback order (requested)']);
  });

  it('is not set by a joined failure that the part itself excepts', async () => {
    const { coordinator, manager } = managerUnderTest();

    await manager.run({ name: 'order' }, async () => {
      const part = manager.run({ name: 'charge', noRollbackFor: [BusinessError] }, failing);
      await part.catch(() => undefined);
    });

    expect(coordinator.transcript).toEqual(['begin order', 'commit order']);
  });

  it('reaches the coordinator before a participant goes on', async () => {
    const { coordinator, manager } = managerUnderTest();
    const launched = await manager.begin({ name: 'order' });
    const participant = manager.join(launched.xid);

    await participant.setRollbackOnly('stock is broken');

    await expect(launched.commit()).rejects.toThrow(/stock is broken/);
    expect(coordinator.transcript).toEqual([
      'begin order',
      'rollback-only order (stock is broken)',
      'rollback order (rollback-only)',
    ]);
  });
});

describe('propagation', () => {
  const inside = async (propagation: Propagation) => {
    const { coordinator, manager } = managerUnderTest();
    const seen = await manager.run({ name: 'outer' }, async () => {
      const outer = currentXid();
      const inner = await manager.run({ name: 'inner', propagation }, () => currentXid());
      return { outer, inner, after: currentXid() };
    });
    return { ...seen, transcript: coordinator.transcript };
  };

  it.each([Propagation.REQUIRED, Propagation.SUPPORTS, Propagation.MANDATORY])(
    '%s joins the active transaction',
    async (propagation) => {
      const seen = await inside(propagation);
      expect(seen.inner).toBe(seen.outer);
      expect(seen.transcript).toEqual(['begin outer', 'commit outer']);
    },
  );

  it('REQUIRES_NEW suspends the active one, runs its own, and resumes', async () => {
    const seen = await inside(Propagation.REQUIRES_NEW);

    expect(seen.inner).not.toBe(seen.outer);
    expect(seen.after).toBe(seen.outer);
    expect(seen.transcript).toEqual(['begin outer', 'begin inner', 'commit inner', 'commit outer']);
  });

  it('REQUIRES_NEW that fails leaves the outer one free to commit', async () => {
    const { coordinator, manager } = managerUnderTest();
    const inner = { name: 'inner', propagation: Propagation.REQUIRES_NEW };

    await manager.run({ name: 'outer' }, () => manager.run(inner, failing).catch(() => undefined));

    expect(coordinator.transcript).toEqual([
      'begin outer',
      'begin inner',
      'rollback inner (requested)',
      'commit outer',
    ]);
  });

  it('NOT_SUPPORTED suspends the active one and resumes it', async () => {
    const seen = await inside(Propagation.NOT_SUPPORTED);
    expect(seen).toMatchObject({ inner: undefined, after: seen.outer });
  });

  it('NEVER refuses inside a transaction and names the way out', async () => {
    await expect(inside(Propagation.NEVER)).rejects.toThrow(
      /DTX_ERR_TM_NOT_ALLOWED.*inner must not run inside.*NOT_SUPPORTED/,
    );
  });

  it.each([Propagation.SUPPORTS, Propagation.NOT_SUPPORTED, Propagation.NEVER])(
    '%s runs without a transaction when there is none',
    async (propagation) => {
      const { coordinator, manager } = managerUnderTest();
      const xid = await manager.run({ name: 'alone', propagation }, () => currentXid());
      expect(xid).toBeUndefined();
      expect(coordinator.transcript).toEqual([]);
    },
  );

  it('MANDATORY refuses without a transaction and names the header to look for', async () => {
    const { manager } = managerUnderTest();

    const run = manager.run({ name: 'part', propagation: Propagation.MANDATORY }, () => undefined);

    await expect(run).rejects.toThrow(/DTX_ERR_TM_REQUIRED.*part runs only inside.*TX_XID/);
  });

  it('NESTED is refused with its own code and the alternative', () => {
    const { manager } = managerUnderTest();

    const run = () => manager.run({ name: 'part', propagation: Propagation.NESTED }, () => 1);

    expect(run).toThrow(/DTX_ERR_TM_NESTED.*REQUIRES_NEW.*savepoint/);
  });
});

describe('a late user of a finished transaction', () => {
  /** Starts work inside a transaction that goes on only after it has been committed. */
  const runLate = async (propagation: Propagation) => {
    const { coordinator, manager } = managerUnderTest();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let late: Promise<unknown> = Promise.resolve();
    await manager.run({ name: 'order' }, () => {
      late = gate.then(() => manager.run({ name: 'leaked', propagation }, () => currentXid()));
      late.catch(() => undefined);
    });
    release();
    return { coordinator, late };
  };

  it.each([Propagation.REQUIRED, Propagation.SUPPORTS, Propagation.MANDATORY])(
    'is refused by %s, and told why',
    async (propagation) => {
      const { late } = await runLate(propagation);
      await expect(late).rejects.toThrow(/DTX_ERR_TM_FINISHED.*leaked came after.*not awaited/);
    },
  );

  it('may begin a transaction of its own', async () => {
    const { coordinator, late } = await runLate(Propagation.REQUIRES_NEW);

    await late;

    expect(coordinator.transcript).toEqual([
      'begin order',
      'commit order',
      'begin leaked',
      'commit leaked',
    ]);
  });
});
