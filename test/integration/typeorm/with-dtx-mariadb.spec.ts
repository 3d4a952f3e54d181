import * as typeorm1 from 'typeorm';
import type { DataSource, EntityManager, Repository } from 'typeorm';
import * as typeorm03 from 'typeorm-0.3';

import { LockConflictError } from '../../../lib/protocol/index.js';
import { withDtx } from '../../../lib/resource/typeorm/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { openAtMariadbWorld } from '../../support/at-mariadb-world.js';

interface Item {
  id: number;
  name: string;
  stock: number;
}

type TypeOrm = typeof typeorm1;

/** The two versions differ in their types, not in what this test uses. */
const versions: readonly (readonly [string, 'mysql' | 'mariadb', TypeOrm])[] = [
  ['1.x', 'mariadb', typeorm1],
  ['0.3', 'mysql', typeorm03 as unknown as TypeOrm],
];

class Failure extends Error {}

describeMariadb.each(versions)('a data source of TypeORM %s, %s', (_version, type, typeorm) => {
  let world: AtMariadbWorld;
  let source: DataSource;
  let items: Repository<Item>;

  const ItemSchema = new typeorm.EntitySchema<Item>({
    name: 'Item',
    columns: {
      id: { type: 'int', primary: true },
      name: { type: 'varchar', length: 20, unique: true },
      stock: { type: 'int' },
    },
  });

  beforeAll(async () => {
    world = await openAtMariadbWorld([]);
    source = new typeorm.DataSource(
      withDtx(
        { type, url: world.database.url, entities: [ItemSchema], synchronize: true },
        { resourceId: 'shop', lockWaitTimeoutMs: 200 },
      ),
    );
    await source.initialize();
    await world.start(source);
    items = source.getRepository(ItemSchema);
  });
  afterAll(async () => {
    await source.destroy();
    await world.close();
  });
  beforeEach(async () => {
    await items.clear();
    await items.save([
      { id: 1, name: 'apple', stock: 10 },
      { id: 2, name: 'pear', stock: 20 },
    ]);
  });

  const stocks = async (): Promise<Readonly<Record<string, number>>> => {
    const found = await items.find({ order: { id: 'ASC' } });
    return Object.fromEntries(found.map((item) => [item.name, item.stock]));
  };

  const operations: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['save of a new entity', () => items.save({ id: 3, name: 'fig', stock: 1 })],
    [
      'save of a loaded entity',
      async () => {
        const item = await items.findOneByOrFail({ id: 1 });
        await items.save({ ...item, stock: 1 });
      },
    ],
    [
      'save of many',
      () =>
        items.save([
          { id: 3, name: 'fig', stock: 1 },
          { id: 1, name: 'a', stock: 0 },
        ]),
    ],
    ['remove', async () => items.remove(await items.find())],
    ['insert', () => items.insert({ id: 3, name: 'fig', stock: 1 })],
    ['update', () => items.update({ id: 1 }, { stock: 0 })],
    [
      'upsert',
      () =>
        items.upsert(
          [
            { id: 1, name: 'apple', stock: 0 },
            { id: 3, name: 'fig', stock: 1 },
          ],
          ['name'],
        ),
    ],
    ['delete', () => items.delete({ id: 1 })],
    ['increment', () => items.increment({ id: 1 }, 'stock', 5)],
    [
      'update query builder',
      () => source.createQueryBuilder().update(ItemSchema).set({ stock: 0 }).execute(),
    ],
    ['raw query', () => source.query('DELETE FROM item')],
    [
      'transaction()',
      () =>
        source.transaction(async (manager) => {
          await manager.update(ItemSchema, { id: 1 }, { stock: 0 });
          await manager.delete(ItemSchema, { id: 2 });
        }),
    ],
    [
      'transaction() with an isolation level',
      () => source.transaction('SERIALIZABLE', (manager) => manager.delete(ItemSchema, { id: 2 })),
    ],
    [
      'nested transaction()',
      () =>
        source.transaction((outer) =>
          outer.transaction((inner) => inner.update(ItemSchema, { id: 1 }, { stock: 0 })),
        ),
    ],
    [
      'query runner',
      async () => {
        const runner = source.createQueryRunner();
        await runner.startTransaction();
        await runner.manager.update(ItemSchema, { id: 1 }, { stock: 0 });
        await runner.commitTransaction();
        await runner.release();
      },
    ],
    [
      'raw connection of a query runner',
      async () => {
        const runner = source.createQueryRunner();
        const connection = (await runner.connect()) as {
          query(sql: string, done: (error: Error | null) => void): void;
        };
        await new Promise<void>((resolve, reject) => {
          connection.query('DELETE FROM item', (error) => {
            if (error === null) resolve();
            else reject(error);
          });
        });
        await runner.release();
      },
    ],
  ];

  it.each(operations)('takes back: %s', async (_name, operation) => {
    const before = await stocks();
    let during: unknown;

    const run = world.manager.run({ name: 'undone' }, async () => {
      await operation();
      during = await stocks();
      throw new Failure('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    expect(during).not.toEqual(before);
    expect(await stocks()).toEqual(before);
  });

  it.each(operations)('keeps after a commit: %s', async (_name, operation) => {
    const before = await stocks();

    await world.manager.run({ name: 'kept' }, operation);

    expect(await stocks()).not.toEqual(before);
    await world.untilClean();
  });

  it('keeps the rollback of a local transaction local', async () => {
    await world.manager.run({ name: 'local' }, async () => {
      await items.update({ id: 2 }, { stock: 0 });
      await source
        .transaction(async (manager: EntityManager) => {
          await manager.update(ItemSchema, { id: 1 }, { stock: 0 });
          throw new Failure('local');
        })
        .catch(() => undefined);
    });

    expect(await stocks()).toEqual({ apple: 10, pear: 0 });
  });

  it('lets a lock conflict be recognised through QueryFailedError', async () => {
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => items.update({ id: 1 }, { stock: 0 }));

    const conflict = world.manager.run({ name: 'late' }, () => items.delete({ id: 1 }));

    const error: unknown = await conflict.catch((thrown: unknown) => thrown);
    await holder.rollback();
    expect(error).toBeInstanceOf(typeorm.QueryFailedError);
    expect(error).toBeInstanceOf(LockConflictError);
    expect(error).toMatchObject({ code: 'DTX_ERR_RM_LOCK_CONFLICT', holderXid: holder.xid });
  });

  it('refuses clear(), which is TRUNCATE', async () => {
    await expect(world.manager.run({ name: 'clear' }, () => items.clear())).rejects.toThrow(
      /TRUNCATE is refused.*DELETE FROM/,
    );
  });

  it('refuses synchronize(), which is DDL', async () => {
    await items.query('ALTER TABLE item ADD extra text');

    const sync = world.manager.run({ name: 'sync' }, () => source.synchronize());

    await expect(sync).rejects.toThrow(/is refused inside global transaction.*migration/);
    await items.query('ALTER TABLE item DROP extra');
  });

  it('streams reads, and refuses to stream writes', async () => {
    const runner = source.createQueryRunner();
    const found: unknown[] = [];
    await world.manager.run({ name: 'streams' }, async () => {
      for await (const row of await runner.stream('SELECT id FROM item ORDER BY id')) {
        found.push(row);
      }
      await expect(runner.stream('DELETE FROM item')).rejects.toThrow(
        /DELETE without a promise or a callback/,
      );
    });
    await runner.release();

    expect(found).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('covers replication: writes and their undo go to the primary', async () => {
    const url = world.database.url;
    const replicated = new typeorm.DataSource(
      withDtx(
        {
          type,
          replication: { master: { url }, slaves: [{ url }] },
          entities: [ItemSchema],
        },
        { resourceId: 'replicated' },
      ),
    );
    await replicated.initialize();
    await world.start(replicated);
    const repository = replicated.getRepository(ItemSchema);

    const run = world.manager.run({ name: 'undone' }, async () => {
      await repository.update({ id: 1 }, { stock: 0 });
      await repository.save({ id: 2, name: 'pear', stock: 0 });
      throw new Failure('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    expect(await stocks()).toEqual({ apple: 10, pear: 20 });
    await replicated.destroy();
  });
});
