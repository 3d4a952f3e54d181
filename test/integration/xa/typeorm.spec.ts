import * as typeorm1 from 'typeorm';
import type { DataSource, Repository } from 'typeorm';
import * as typeorm03 from 'typeorm-0.3';

import { withDtx } from '../../../lib/resource/typeorm/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import { openXaMariadbWorld } from '../../support/xa-mariadb-world.js';
import { openXaWorld } from '../../support/xa-world.js';

interface Item {
  id: number;
  name: string;
  stock: number;
}

type TypeOrm = typeof typeorm1;
type World = Pick<
  Awaited<ReturnType<typeof openXaWorld>>,
  'close' | 'manager' | 'prepared' | 'start' | 'untilClean'
> & { readonly database: { readonly url: string; readonly name: string } };

class Failure extends Error {}

function behaves(
  typeorm: TypeOrm,
  type: 'postgres' | 'mariadb' | 'mysql',
  open: () => Promise<World>,
): void {
  let world: World;
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
    world = await open();
    source = new typeorm.DataSource(
      withDtx(
        { type, url: world.database.url, entities: [ItemSchema], synchronize: true },
        { resourceId: `shop-${world.database.name}`, mode: 'XA' },
      ),
    );
    await source.initialize();
    await world.start(source);
    items = source.getRepository(ItemSchema);
  });
  afterAll(async () => {
    await world.close();
    await source.destroy();
  });
  beforeEach(async () => {
    await items.clear();
    await items.save([
      { id: 1, name: 'apple', stock: 10 },
      { id: 2, name: 'pear', stock: 20 },
    ]);
  });

  const stocks = async (): Promise<readonly number[]> =>
    (await items.find({ order: { id: 'ASC' } })).map(({ stock }) => stock);

  const undone = async (work: () => Promise<unknown>): Promise<void> => {
    const run = world.manager.run({ name: 'undone' }, async () => {
      await work();
      throw new Failure('after the work');
    });
    await expect(run).rejects.toThrow(Failure);
    await world.untilClean();
  };

  const operations: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['save of a new entity', () => items.save({ id: 3, name: 'fig', stock: 1 })],
    ['save of an entity that is there', () => items.save({ id: 1, name: 'apple', stock: 1 })],
    ['update', () => items.update({ id: 1 }, { stock: 1 })],
    ['delete', () => items.delete({ id: 1 })],
    [
      'a transaction with a savepoint',
      () =>
        source.transaction(async (outer) => {
          await outer.update(ItemSchema, { id: 1 }, { stock: 1 });
          await outer
            .transaction(async (inner) => {
              await inner.update(ItemSchema, { id: 2 }, { stock: 1 });
              throw new Failure('inside');
            })
            .catch(() => undefined);
        }),
    ],
    [
      'a query runner at another isolation level',
      async () => {
        const runner = source.createQueryRunner();
        await runner.connect();
        await runner.startTransaction('SERIALIZABLE');
        await runner.manager.update(ItemSchema, { id: 1 }, { stock: 1 });
        await runner.commitTransaction();
        await runner.release();
      },
    ],
  ];

  it.each(operations)('takes back %s', async (_name, operation) => {
    let count = 0;
    await undone(async () => {
      await operation();
      count = (await world.prepared()).length;
    });

    expect(count).toBe(1);
    expect(await stocks()).toEqual([10, 20]);
  });

  it.each(operations)('commits %s', async (_name, operation) => {
    const before = await stocks();
    await world.manager.run({ name: 'kept' }, operation);
    await world.untilClean();

    expect(await stocks()).not.toEqual(before);
  });
}

describe('TypeORM 1.x on PostgreSQL in XA mode', () => {
  behaves(typeorm1, 'postgres', openXaWorld);
});

describe('TypeORM 0.3 on PostgreSQL in XA mode', () => {
  behaves(typeorm03 as unknown as TypeOrm, 'postgres', openXaWorld);
});

describeMariadb('TypeORM 1.x on MariaDB in XA mode', () => {
  behaves(typeorm1, 'mariadb', openXaMariadbWorld);
});

describeMariadb('TypeORM 0.3 on MariaDB in XA mode', () => {
  behaves(typeorm03 as unknown as TypeOrm, 'mysql', openXaMariadbWorld);
});
