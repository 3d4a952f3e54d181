import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TransactionManager } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';
import { DataSource } from 'typeorm';

import { createTestDatabase } from '../../servers/test-database.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { createTestMariadb, hasMariadb } from '../../servers/test-mariadb.js';
import { recordedDtx } from './application.js';
import { Order, OrderService } from './orders.js';

interface Databases {
  readonly business: TestDatabase;
  /** Of the coordinator. */
  readonly url: string;
  drop(): Promise<void>;
}

async function databasesFor(engine: 'postgres' | 'mariadb'): Promise<Databases> {
  const business = await createTestDatabase();
  const store = engine === 'postgres' ? await createTestDatabase() : await createTestMariadb();
  return {
    business,
    url: store.url,
    drop: async () => {
      await store.drop();
      await business.drop();
    },
  };
}

function start({ business, url }: Databases): Promise<TestingModule> {
  const { module } = recordedDtx({ coordinator: { store: url } });
  const typeorm = TypeOrmModule.forRoot(
    withDtx(
      { type: 'postgres', url: business.url, entities: [Order], synchronize: true },
      { resourceId: 'orders' },
    ),
  );
  @Module({ imports: [TypeOrmModule.forFeature([Order])], providers: [OrderService] })
  class OrderModule {}
  const testing = Test.createTestingModule({ imports: [typeorm, module, OrderModule] });
  return testing.compile().then((app) => app.init());
}

const engines = hasMariadb() ? (['postgres', 'mariadb'] as const) : (['postgres'] as const);

describe.each(engines)('A Nest application whose coordinator has its records in %s', (engine) => {
  let databases: Databases;
  let app: TestingModule;

  beforeEach(async () => {
    databases = await databasesFor(engine);
    app = await start(databases);
  });

  afterEach(async () => {
    await app.close();
    await databases.drop();
  });

  it('keeps what a method has written that fulfils', async () => {
    const xid = await app.get(OrderService).place('a-1');

    expect(await app.get(OrderService).count()).toBe(1);
    const { status } = await app.get(TransactionManager).status(xid);
    expect(['committing', 'committed']).toContain(status);
  });

  it('takes back what a method has written that throws', async () => {
    await expect(app.get(OrderService).place('bad')).rejects.toThrow('no such product');

    expect(await app.get(OrderService).count()).toBe(0);
    const [row] = await app
      .get(DataSource)
      .query('SELECT count(*)::int AS count FROM dtx.undo_row');
    expect(row).toEqual({ count: 0 });
  });

  it('knows after a restart what has been decided before', async () => {
    const xid = await app.get(OrderService).place('a-1');
    await app.close();
    app = await start(databases);

    const { status } = await app.get(TransactionManager).status(xid);

    expect(status).toBe('committed');
  });
});
