import { Injectable, Module } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { GlobalTransactional } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';
import { Column, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';

import { createTestDatabase } from '../../servers/test-database.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { LogLines, recordedDtx } from './application.js';

@Entity()
class Product {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  sku!: string;
}

@Injectable()
class ProductService implements OnModuleInit {
  constructor(@InjectRepository(Product) private readonly products: Repository<Product>) {}

  async onModuleInit(): Promise<void> {
    await this.add('seed');
  }

  @GlobalTransactional({ name: 'add' })
  async add(sku: string): Promise<void> {
    await this.products.insert({ sku });
    if (sku === 'bad') throw new Error('no such product');
  }
}

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await database.drop();
});

async function build(dtxFirst: boolean) {
  const log = new LogLines();
  const { module, transcript } = recordedDtx();
  const typeorm = TypeOrmModule.forRoot(
    withDtx(
      { type: 'postgres', url: database.url, entities: [Product], synchronize: true },
      { resourceId: 'products' },
    ),
  );
  @Module({ imports: [TypeOrmModule.forFeature([Product])], providers: [ProductService] })
  class ProductModule {}
  const imports = dtxFirst ? [module, typeorm] : [typeorm, module];
  const app = await Test.createTestingModule({ imports: [...imports, ProductModule] })
    .setLogger(log)
    .compile();
  return { app, log, transcript, products: app.get(ProductService, { strict: false }) };
}

describe.each([
  ['before', true],
  ['after', false],
])('a TypeORM data source with DtxModule imported %s it', (_place, dtxFirst) => {
  it('is captured before the first onModuleInit, with the tables of synchronize', async () => {
    const { app, log, transcript } = await build(dtxFirst);

    await app.init();

    expect(log.of('DtxModule')).toContainEqual(
      expect.stringMatching(
        /^log 1 @GlobalTransactional method in 1 class; resources: products \(AT .*1 table/,
      ),
    );
    expect(transcript).toEqual(['begin add', 'commit add']);
    await app.close();
  });

  it('gets its rows back, and keeps what was committed', async () => {
    const { app, products, transcript } = await build(dtxFirst);
    await app.init();

    await expect(products.add('bad')).rejects.toThrow('no such product');
    await products.add('good');

    const { rows } = await database.pool().query('SELECT sku FROM product ORDER BY id');
    expect(rows).toEqual([{ sku: 'seed' }, { sku: 'good' }]);
    expect(transcript.slice(2)).toEqual(['begin add', 'rollback add', 'begin add', 'commit add']);
    await app.close();
  });

  it('is left without undo rows by a shutdown right after a commit', async () => {
    const { app, products } = await build(dtxFirst);
    await app.init();

    await products.add('last');
    await app.close();

    const { rows } = await database.pool().query('SELECT count(*)::int AS count FROM dtx.undo_row');
    expect(rows).toEqual([{ count: 0 }]);
  });
});
