import { resourceOf } from '../../../lib/resource/index.js';
import { currentTccContext } from '../../../lib/resource/tcc/index.js';
import { hasMariadb } from '../../servers/test-mariadb.js';
import { TCC_DATABASES } from '../../support/tcc-databases.js';
import type { TccWorld } from '../../support/tcc-world.js';
import { openTccWorld } from '../../support/tcc-world.js';

const FREEZE = 'UPDATE tcc_account SET frozen = frozen + 10 WHERE id = 1';
const databases = TCC_DATABASES.filter(([name]) => name !== 'MariaDB' || hasMariadb());

describe.each(databases)('TCC on %s', (name, open) => {
  let world: TccWorld;
  beforeEach(async () => {
    world = await openTccWorld(await open());
  });
  afterEach(() => world.close());

  const begun = () => world.manager.begin({ name: 'freeze' });

  /** The branch that the try of a transaction has registered. */
  const tagOf = async (xid: string) => {
    const { branches } = await world.manager.status(xid);
    return { xid, branchId: branches[0]?.branchId ?? '', data: '{"amount":10}' };
  };

  it('confirms behind a commit, before commit() returns', async () => {
    await world.manager.run({ name: 'freeze' }, () => world.freeze(10));

    expect(world.calls).toEqual(['try', 'confirm']);
    expect(await world.account()).toEqual([90, 0]);
    expect(await world.fences()).toEqual([2]);
  });

  it('gives what the try returns back to its caller', async () => {
    const run = world.manager.run({ name: 'freeze' }, () =>
      world.action.runTry([10], () => Promise.resolve({ holdId: 7 })),
    );

    await expect(run).resolves.toEqual({ holdId: 7 });
  });

  it('cancels behind a rollback', async () => {
    const run = world.manager.run({ name: 'freeze' }, async () => {
      await world.freeze(10);
      throw new Error('no stock');
    });

    await expect(run).rejects.toThrow('no stock');
    expect(world.calls).toEqual(['try', 'cancel']);
    expect(await world.account()).toEqual([100, 0]);
    expect(await world.fences()).toEqual([3]);
  });

  it('does not wait for the confirm where the transaction says so', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const { confirm } = world.methods;
    world.methods.confirm = async (context) => {
      await held;
      await confirm(context);
    };

    await world.manager.run({ name: 'freeze', commitWaitMs: 0 }, () => world.freeze(10));
    const before = await world.account();
    goOn();

    expect(before).toEqual([100, 10]);
  });

  it('confirms and cancels once, however often it is told', async () => {
    const transaction = await begun();
    await transaction.run(() => world.freeze(10));
    const tag = await tagOf(transaction.xid);
    await transaction.commit();

    const outcomes = await world.handler.commitBranches([tag]);

    expect(outcomes).toEqual([{ kind: 'done' }]);
    expect(world.calls).toEqual(['try', 'confirm']);
    expect(await world.account()).toEqual([90, 0]);
  });

  it('does not cancel what is confirmed', async () => {
    const transaction = await begun();
    await transaction.run(() => world.freeze(10));
    const tag = await tagOf(transaction.xid);
    await transaction.commit();

    const [outcome] = await world.handler.rollbackBranches([tag]);

    expect(outcome?.kind).toBe('cannot');
    expect(await world.account()).toEqual([90, 0]);
  });

  it('cancels a try that never came by a tombstone, without the method', async () => {
    const tag = { xid: world.manager.applicationId, branchId: '7' };

    const [outcome] = await world.handler.rollbackBranches([tag]);

    expect(outcome).toEqual({ kind: 'done' });
    expect(world.calls).toEqual([]);
    expect(await world.fences()).toEqual([4]);
  });

  it('P13: answers a try behind its cancel with an error, and does nothing', async () => {
    const transaction = await begun();
    const late = transaction.run(() =>
      world.freeze(10, async () => {
        await world.handler.rollbackBranches([await tagOf(transaction.xid)]);
        await world.database.run(FREEZE);
      }),
    );

    await expect(late).rejects.toMatchObject({ code: 'DTX_ERR_RM_FENCED' });
    expect(await world.account()).toEqual([100, 0]);
    await transaction.rollback();
    expect(await world.fences()).toEqual([4]);
  });

  it('lets nobody commit what a fence has refused', async () => {
    const transaction = await begun();
    const late = transaction.run(() =>
      world.freeze(10, async () => {
        await world.handler.rollbackBranches([await tagOf(transaction.xid)]);
        await world.database.runBoth(
          FREEZE,
          () => Promise.resolve(),
          'UPDATE tcc_account SET balance = 0 WHERE id = 1',
        );
      }),
    );

    await expect(late).rejects.toMatchObject({ code: 'DTX_ERR_RM_FENCED' });
    expect(await world.account()).toEqual([100, 0]);
    await transaction.rollback();
  });

  it('keeps what a try has noted for confirm, with its local commit', async () => {
    let noted: unknown;
    world.methods.confirm = async ({ notes }) => {
      noted = notes.get('hold');
      await world.database.run(FREEZE);
    };

    await world.manager.run({ name: 'freeze' }, () =>
      world.freeze(10, async () => {
        currentTccContext()?.note('hold', { id: "it's 7", rows: [1, 2] });
        await world.database.run(FREEZE);
      }),
    );

    expect(noted).toEqual({ id: "it's 7", rows: [1, 2] });
  });

  it('takes a local transaction of several statements as one', async () => {
    await world.manager.run({ name: 'freeze' }, () =>
      world.freeze(10, () => world.database.runBoth(FREEZE, () => Promise.resolve(), FREEZE)),
    );

    expect(await world.account()).toEqual([90, 10]);
  });

  it('keeps its fence where a savepoint that was opened first is rolled back', async () => {
    const run = world.manager.run({ name: 'freeze' }, async () => {
      await world.freeze(10, () =>
        world.database.runAll([
          'BEGIN',
          'SAVEPOINT s',
          'UPDATE tcc_account SET frozen = frozen + 1 WHERE id = 1',
          'ROLLBACK TO SAVEPOINT s',
          FREEZE,
          'COMMIT',
        ]),
      );
      throw new Error('no stock');
    });

    await expect(run).rejects.toThrow('no stock');
    expect(await world.account()).toEqual([100, 0]);
    expect(await world.fences()).toEqual([3]);
  });

  it('refuses a second local transaction in a method', async () => {
    const run = world.manager.run({ name: 'freeze' }, () =>
      world.freeze(10, async () => {
        await world.database.run(FREEZE);
        await world.database.run(FREEZE);
      }),
    );

    await expect(run).rejects.toMatchObject({ code: 'DTX_ERR_RM_TCC_SECOND' });
    expect(world.calls).toEqual(['cancel']);
  });

  it('confirms no try that has failed, also where its error is swallowed', async () => {
    await world.manager.run({ name: 'freeze' }, async () => {
      await world.freeze(10, () => Promise.reject(new Error('too little'))).catch(() => undefined);
    });

    expect(world.calls).toEqual([]);
    expect(await world.fences()).toEqual([4]);
  });

  it('rolls back behind a try that failed after its local commit', async () => {
    const run = world.manager.run({ name: 'freeze' }, async () => {
      await world
        .freeze(10, async () => {
          await world.database.run(FREEZE);
          throw new Error('mail was not sent');
        })
        .catch(() => undefined);
    });

    await expect(run).rejects.toMatchObject({ code: 'DTX_ERR_TM_ROLLBACK_ONLY' });
    expect(await world.account()).toEqual([100, 0]);
  });

  it('tries a confirm again that has failed, until it returns', async () => {
    const { confirm } = world.methods;
    let failures = 2;
    world.methods.confirm = (context) => {
      failures -= 1;
      if (failures >= 0) return Promise.reject(new Error('not now'));
      return confirm(context);
    };

    await world.manager.run({ name: 'freeze' }, () => world.freeze(10));

    expect(await world.account()).toEqual([90, 0]);
  });

  it('keeps nothing of a confirm that fails half-way, not even its fence', async () => {
    const { confirm } = world.methods;
    let isFirst = true;
    world.methods.confirm = async (context) => {
      if (!isFirst) return confirm(context);
      isFirst = false;
      await world.database.runBoth(FREEZE, () => Promise.reject(new Error('half-way')), FREEZE);
    };

    await world.manager.run({ name: 'freeze' }, () => world.freeze(10));

    expect(await world.account()).toEqual([90, 0]);
  });

  it('refuses a try outside of a global transaction', async () => {
    await expect(world.freeze(10)).rejects.toMatchObject({ code: 'DTX_ERR_RM_TCC_OUTSIDE' });
    expect(world.calls).toEqual([]);
  });

  it('purges fences of finished branches that are older, and no others', async () => {
    await world.manager.run({ name: 'freeze' }, () => world.freeze(10));
    const open = await begun();
    await open.run(() => world.freeze(1));
    const fences = await resourceOf(world.database.source)?.fences?.();

    const kept = await fences?.purge('account.freeze', 60_000);
    const purged = await fences?.purge('account.freeze', -60_000);

    expect([kept, purged]).toEqual([0, 1]);
    expect(await world.fences()).toEqual([1]);
    await open.rollback();
  });

  // SQLite has one connection for both.
  if (name === 'SQLite') return;
  it('purges them beside a try that is under way, without waiting for it', async () => {
    await world.manager.run({ name: 'freeze' }, () => world.freeze(10));
    const fences = await resourceOf(world.database.source)?.fences?.();
    let purged: number | undefined;
    const purge = async (): Promise<void> => {
      purged = await fences?.purge('account.freeze', -60_000);
    };

    await world.manager.run({ name: 'beside' }, () =>
      world.action.runTry([10], () => world.database.runBoth(FREEZE, purge, FREEZE)),
    );

    expect(purged).toBe(1);
    expect(await world.fences()).toEqual([2]);
  });
});
