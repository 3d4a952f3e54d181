import { LockConflictError } from '../../../lib/protocol/index.js';
import type { GlobalTransaction } from '../../../lib/transaction/index.js';
import type { AtWorld } from '../../support/at-world.js';
import { balances, openAtWorld } from '../../support/at-world.js';
import { until } from '../../support/until.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';

describe('a write under the global lock', () => {
  let world: AtWorld;
  let holder: GlobalTransaction;
  beforeEach(async () => {
    world = await openAtWorld();
    holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.pool.query(TAKE, [1]));
  });
  afterEach(() => world.close());

  const take = (id: number, lockWaitTimeoutMs = 60_000): Promise<unknown> =>
    world.manager.underLock({ name: 'writer', lockWaitTimeoutMs }, () =>
      world.pool.query(TAKE, [id]),
    );

  it.each([
    ['commit', [80, 100]],
    ['rollback', [90, 100]],
  ] as const)('waits for the holder, and goes on at its %s', async (end, expected) => {
    const awaitRelease = jest.spyOn(world.manager.client, 'awaitRelease');
    const writing = take(1);
    await until(() => awaitRelease.mock.calls.length > 0);

    await holder[end]();
    await writing;

    expect(await balances(world)).toEqual(expected);
  });

  it('fails after its bound, and names the table, the key and the holder', async () => {
    const outcome = take(1, 50);

    await expect(outcome).rejects.toThrow(LockConflictError);
    await expect(outcome).rejects.toMatchObject({
      table: 'public.account',
      key: '1',
      holderXid: holder.xid,
      xid: undefined,
    });
  });

  it('records nothing where nobody holds the row', async () => {
    await take(2);

    expect(await balances(world)).toEqual([90, 90]);
    expect(await world.rows('SELECT pk FROM dtx.undo_row')).toEqual([{ pk: '1' }]);
  });

  it('does not wait for the clean-up of a holder that has committed', async () => {
    await holder.commit();

    await take(1, 5_000);

    expect(await balances(world)).toEqual([80, 100]);
  });
});
