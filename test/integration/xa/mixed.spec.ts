import { dtxPool } from '../../../lib/resource/driver/pg/index.js';
import type { XaWorld } from '../../support/xa-world.js';
import { openXaWorld } from '../../support/xa-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';

describe('AT and XA branches in one global transaction', () => {
  let world: XaWorld;
  beforeEach(async () => {
    world = await openXaWorld({ mode: 'AT', lockWaitTimeoutMs: 100 });
  });
  afterEach(() => world.close());

  const both = async (): Promise<void> => {
    await world.pool.query(TAKE, [1]);
    await world.manager.inMode('XA', () => world.pool.query(TAKE, [2]));
  };

  const untilReleased = async (): Promise<void> => {
    await world.untilClean();
    const isHeld = async (): Promise<boolean> =>
      (await world.rows('SELECT 1 FROM dtx.undo_row')).length > 0;
    while (await isHeld()) await world.rows('SELECT pg_sleep(0.01)');
  };

  it('commit together', async () => {
    const transaction = await world.manager.begin({ name: 'both' });
    await transaction.run(both);
    const { branches } = await transaction.status();
    await transaction.commit();
    await untilReleased();

    expect(branches.map(({ resourceId, type }) => [type, resourceId])).toEqual([
      ['AT', 'bank'],
      ['XA', 'bank/xa'],
    ]);
    expect(await world.balances()).toEqual([90, 90]);
  });

  it('roll back together', async () => {
    const run = world.manager.run({ name: 'both' }, async () => {
      await both();
      throw new Error('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    await untilReleased();
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('let an XA branch have no row that an AT branch of another transaction holds', async () => {
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.pool.query(TAKE, [1]));

    const other = world.manager.run({ name: 'other' }, () =>
      world.manager.inMode('XA', () => world.pool.query(TAKE, [1])),
    );

    await expect(other).rejects.toMatchObject({ code: 'DTX_ERR_RM_LOCK_CONFLICT' });
    expect(await world.prepared()).toEqual([]);
    await holder.rollback();
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('take AT and XA data sources', async () => {
    const pool = dtxPool(world.database.pool(), { resourceId: 'other', mode: 'XA' });
    await world.start(pool);
    const run = world.manager.run({ name: 'both' }, async () => {
      await world.pool.query(TAKE, [1]);
      await pool.query(TAKE, [2]);
      throw new Error('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    await untilReleased();
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('are no choice where nothing is captured', async () => {
    const pool = dtxPool(world.database.pool(), { resourceId: 'other', mode: 'XA' });
    await world.start(pool);

    const run = world.manager.run({ name: 'at' }, () =>
      world.manager.inMode('AT', () => pool.query(TAKE, [2])),
    );

    await expect(run).rejects.toMatchObject({ code: 'DTX_ERR_RM_BRANCH_MODE' });
    expect(await world.balances()).toEqual([100, 100]);
  });

  it('is the choice of the innermost call', async () => {
    const transaction = await world.manager.begin({ name: 'nested' });
    await transaction.run(() =>
      world.manager.inMode('XA', async () => {
        await world.pool.query(TAKE, [1]);
        await world.manager.inMode('AT', () => world.pool.query(TAKE, [2]));
      }),
    );
    const { branches } = await transaction.status();
    await transaction.commit();
    await untilReleased();

    expect(branches.map(({ type }) => type)).toEqual(['XA', 'AT']);
  });
});
