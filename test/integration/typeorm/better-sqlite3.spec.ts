import type { DataSource, EntityManager, Repository } from 'typeorm';

import { LockConflictError } from '../../../lib/protocol/index.js';
import type { SqliteWorld } from '../../support/sqlite-world.js';
import { TYPEORM_VERSIONS, openSqliteWorld } from '../../support/sqlite-world.js';

interface Item {
  id: number;
  name: string;
  stock: number;
}

class Failure extends Error {}

describe.each(TYPEORM_VERSIONS)('better-sqlite3 behind TypeORM %s', (_version, typeorm) => {
  let world: SqliteWorld;
  let source: DataSource;
  let items: Repository<Item>;

  const ItemSchema = new typeorm.EntitySchema<Item>({
    name: 'Item',
    columns: {
      id: { type: 'int', primary: true },
      name: { type: 'text', unique: true },
      stock: { type: 'int' },
    },
  });

  beforeAll(async () => {
    world = await openSqliteWorld({
      typeorm,
      schema: '',
      entities: [ItemSchema],
      source: { synchronize: true },
    });
    source = world.source;
    items = source.getRepository(ItemSchema);
  });
  afterAll(() => world.close());
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
    ['clear', () => items.clear()],
    ['increment', () => items.increment({ id: 1 }, 'stock', 5)],
    [
      'update query builder',
      () => source.createQueryBuilder().update(ItemSchema).set({ stock: 0 }).execute(),
    ],
    ['raw query', () => source.query('DELETE FROM item')],
    ['raw query with RETURNING', () => source.query('UPDATE item SET stock = 0 RETURNING id')],
    ['raw query with WITH', () => source.query('WITH x AS (SELECT 1 AS i) DELETE FROM item')],
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
      'a repository inside of transaction(), which TypeORM lets take part on SQLite',
      () =>
        source.transaction(async () => {
          await items.update({ id: 1 }, { stock: 0 });
          await source.transaction((inner) => inner.delete(ItemSchema, { id: 2 }));
        }),
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
      'statements of one transaction that are not awaited one by one',
      () =>
        source.transaction((manager) =>
          Promise.all([
            manager.update(ItemSchema, { id: 1 }, { stock: 0 }),
            manager.delete(ItemSchema, { id: 2 }),
          ]),
        ),
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

  it('takes back what came behind a savepoint together with what came before it', async () => {
    const run = world.manager.run({ name: 'savepoint' }, () =>
      source
        .transaction(async (outer) => {
          await outer
            .transaction(async (inner) => {
              await inner.update(ItemSchema, { id: 1 }, { stock: 0 });
              throw new Failure('inner');
            })
            .catch(() => undefined);
          await outer.update(ItemSchema, { id: 2 }, { stock: 0 });
        })
        .then(() => Promise.reject(new Failure('global'))),
    );

    await expect(run).rejects.toThrow('global');
    expect(await stocks()).toEqual({ apple: 10, pear: 20 });
  });

  it('names the holder of a row', async () => {
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => items.update({ id: 1 }, { stock: 0 }));

    const conflict = world.manager.run({ name: 'late' }, () => items.delete({ id: 1 }));

    const error: unknown = await conflict.catch((thrown: unknown) => thrown);
    await holder.rollback();
    expect(error).toBeInstanceOf(LockConflictError);
    expect(error).toMatchObject({ table: 'item', key: '1', holderXid: holder.xid });
  });

  it('waits for a row as long as its holder takes, and goes on then', async () => {
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => items.update({ id: 1 }, { stock: 7 }));

    const late = world.manager.run({ name: 'late' }, () =>
      source.transaction((manager) => manager.increment(ItemSchema, { id: 1 }, 'stock', 1)),
    );
    await holder.rollback();
    await late;

    expect(await stocks()).toMatchObject({ apple: 11 });
  });

  it('refuses synchronize(), which is DDL', async () => {
    await source.query('ALTER TABLE item ADD extra text');

    const sync = world.manager.run({ name: 'sync' }, () => source.synchronize());

    await expect(sync).rejects.toThrow(/is refused inside global transaction.*migration/);
    await source.query('ALTER TABLE item DROP extra');
  });

  it('refuses a write to the raw connection', async () => {
    const run = world.manager.run({ name: 'raw' }, async () => {
      const runner = source.createQueryRunner();
      const connection = (await runner.connect()) as { exec(sql: string): unknown };
      connection.exec('DELETE FROM item');
    });

    await expect(run).rejects.toThrow(/past the query runner/);
    expect(await stocks()).toEqual({ apple: 10, pear: 20 });
  });

  it('has no streams, as TypeORM has none for SQLite', async () => {
    const run = world.manager.run({ name: 'stream' }, () =>
      source.createQueryRunner().stream('DELETE FROM item RETURNING id'),
    );

    await expect(run).rejects.toThrow(/Stream is not supported/);
    expect(await stocks()).toEqual({ apple: 10, pear: 20 });
  });

  it('captures on after the tables have been rebuilt', async () => {
    await source.synchronize(true);
    await items.save({ id: 1, name: 'apple', stock: 10 });

    const run = world.manager.run({ name: 'rebuilt' }, async () => {
      await items.update({ id: 1 }, { stock: 0 });
      throw new Failure('rebuilt');
    });

    await expect(run).rejects.toThrow('rebuilt');
    expect(await stocks()).toEqual({ apple: 10 });
  });
});
