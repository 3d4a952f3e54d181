import { DataSource } from 'typeorm';

import { ConnectionWaitError, LocalTransactionOpenError } from '../../../lib/protocol/index.js';
import type { SqliteWorld } from '../../support/sqlite-world.js';
import { TYPEORM_VERSIONS, balancesIn, openSqliteWorld } from '../../support/sqlite-world.js';
import { GlobalLock, runUnderLock } from '../../../lib/transaction/global-lock.js';

const SET = 'UPDATE account SET balance = ? WHERE id = ?';

/** A gate that a test opens. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    opened,
    open: () => {
      open();
    },
  };
}

/** Two transactions that begin at once, of which the first is rolled back. */
async function startTogether(source: DataSource): Promise<readonly unknown[]> {
  const outcomes = await Promise.allSettled([
    source.transaction(async (manager) => {
      await manager.query(SET, [1, 1]);
      throw new Error('rolled back');
    }),
    source.transaction((manager) => manager.query(SET, [2, 2])),
  ]);
  return outcomes.map(({ status }) => status);
}

/** Two transactions at once, of which the first is rolled back while the second is at work. */
async function rollBackBesideAnother(source: DataSource): Promise<readonly unknown[]> {
  const both = gate();
  const first = source.transaction(async (manager) => {
    await manager.query(SET, [1, 1]);
    both.open();
    throw new Error('rolled back');
  });
  const second = both.opened.then(() =>
    source.transaction((manager) => manager.query(SET, [2, 2])),
  );
  const outcomes = await Promise.allSettled([first, second]);
  return outcomes.map(({ status }) => status);
}

describe('plain TypeORM over better-sqlite3', () => {
  it('loses one of two concurrent transactions', async () => {
    const source = new DataSource({ type: 'better-sqlite3', database: ':memory:' });
    await source.initialize();
    await source.query('CREATE TABLE account (id INTEGER PRIMARY KEY, balance INT)');
    await source.query('INSERT INTO account VALUES (1, 100), (2, 100)');
    await startTogether(source);

    const found = await source.query<{ balance: number }[]>('SELECT balance FROM account');
    await source.destroy();
    expect(found.map(({ balance }) => balance)).not.toEqual([100, 2]);
  });
});

describe.each(TYPEORM_VERSIONS)('turns at the connection with TypeORM %s', (_version, typeorm) => {
  let world: SqliteWorld;

  beforeEach(async () => {
    world = await openSqliteWorld({ typeorm, dtx: { connectionWaitTimeoutMs: 300 } });
  });
  afterEach(() => world.close());

  it('keeps two concurrent transactions apart, outside of global ones', async () => {
    const outcomes = await startTogether(world.source);

    expect(outcomes).toEqual(['rejected', 'fulfilled']);
    expect(balancesIn(world)).toEqual([100, 2]);
  });

  it('gives back only the first one, when the second begins behind its write', async () => {
    const outcomes = await rollBackBesideAnother(world.source);

    expect(outcomes).toEqual(['rejected', 'fulfilled']);
    expect(balancesIn(world)).toEqual([100, 2]);
  });

  it('lets an autocommit write wait for the transaction of another', async () => {
    const open = gate();
    const slow = gate();
    const transaction = world.source.transaction(async (manager) => {
      await manager.query(SET, [1, 1]);
      open.open();
      await slow.opened;
      throw new Error('rolled back');
    });
    await open.opened;

    const write = world.source.query(SET, [2, 2]);
    slow.open();
    await Promise.allSettled([transaction, write]);

    expect(balancesIn(world)).toEqual([100, 2]);
  });

  it('shows nobody what a transaction has not committed', async () => {
    const open = gate();
    const slow = gate();
    const transaction = world.source.transaction(async (manager) => {
      await manager.query(SET, [1, 1]);
      open.open();
      await slow.opened;
      throw new Error('rolled back');
    });
    await open.opened;

    const read = world.source.query<unknown[]>('SELECT balance FROM account WHERE id = 1');
    slow.open();
    await transaction.catch(() => undefined);

    expect(await read).toEqual([{ balance: 100 }]);
  });

  it('keeps twenty transactions apart, half of which are rolled back', async () => {
    await world.source.query('UPDATE account SET balance = 0');

    await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        world.source.transaction(async (manager) => {
          await manager.query('UPDATE account SET balance = balance + 1 WHERE id = 1');
          await manager.query('UPDATE account SET balance = balance + 1 WHERE id = 2');
          if (index % 2 === 0) throw new Error('rolled back');
        }),
      ),
    );

    expect(balancesIn(world)).toEqual([10, 10]);
  });

  it('lets the same query runner go on, and others behind its end', async () => {
    const runner = world.source.createQueryRunner();
    await runner.startTransaction();
    await runner.query(SET, [1, 1]);
    const other = world.source.query(SET, [2, 2]);
    await runner.query(SET, [3, 1]);
    await runner.rollbackTransaction();
    await other;
    await runner.release();

    expect(balancesIn(world)).toEqual([100, 2]);
  });

  it('ends a wait for oneself, and says what to do', async () => {
    const runner = world.source.createQueryRunner();
    await runner.startTransaction();

    const error: unknown = await world.source.query(SET, [2, 2]).catch((thrown: unknown) => thrown);

    await runner.rollbackTransaction();
    await runner.release();
    expect(error).toBeInstanceOf(ConnectionWaitError);
    expect((error as Error).message).toMatch(/Use the manager or the query runner/);
  });

  it('refuses a global transaction inside of a local one that was open before', async () => {
    const outer = world.source.transaction(() =>
      world.manager.run({ name: 'inner' }, () => world.source.query(SET, [1, 1])),
    );

    await expect(outer).rejects.toThrow(LocalTransactionOpenError);
    expect(balancesIn(world)).toEqual([100, 100]);
  });

  it('rolls back what is open when a query runner is released', async () => {
    const runner = world.source.createQueryRunner();
    await runner.startTransaction();
    await runner.query(SET, [1, 1]);

    await runner.release();
    await world.source.query(SET, [2, 2]);

    expect(balancesIn(world)).toEqual([100, 2]);
    expect(world.logged.join()).toMatch(/released with an open transaction/);
  });

  it('lets work under a global lock wait until the holder has ended', async () => {
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.source.query(SET, [1, 1]));

    const write = runUnderLock(new GlobalLock('Shop.sell', 5_000), () =>
      world.source.query(SET, [5, 1]),
    );
    await holder.rollback();
    await write;

    expect(balancesIn(world)).toEqual([5, 100]);
  });

  it('refuses work under a global lock a row that stays held', async () => {
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.source.query(SET, [1, 1]));

    const write = runUnderLock(new GlobalLock('Shop.sell', 50), () =>
      world.source.query(SET, [5, 1]),
    );

    await expect(write).rejects.toMatchObject({
      code: 'DTX_ERR_RM_LOCK_CONFLICT',
      table: 'account',
    });
    await holder.rollback();
    expect(balancesIn(world)).toEqual([100, 100]);
  });

  it('lets a SELECT under a global lock read only tables of which no row is held', async () => {
    await world.source.query('CREATE TABLE other (id INTEGER PRIMARY KEY)');
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.source.query(SET, [1, 1]));

    const lock = new GlobalLock('Shop.look', 50);
    const held = runUnderLock(lock, () =>
      world.source.query('SELECT * FROM account WHERE id = ?', [2]),
    );
    await expect(held).rejects.toMatchObject({ holderXid: holder.xid });
    const free = runUnderLock(lock, () => world.source.query<unknown[]>('SELECT * FROM other'));

    expect(await free).toEqual([]);
    await holder.rollback();
  });
});
