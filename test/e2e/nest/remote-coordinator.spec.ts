import { existsSync } from 'node:fs';

import { Module } from '@nestjs/common';
import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DtxModule, TransactionManager } from 'nestjs-dtx';
import type { DtxCoordinatorOptions } from 'nestjs-dtx';
import { CoordinatorModule, CoordinatorServer } from 'nestjs-dtx/coordinator';
import type { CoordinatorModuleOptions } from 'nestjs-dtx/coordinator';
import { withDtx } from 'nestjs-dtx/typeorm';

import { createTestDatabase } from '../../servers/test-database.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { until } from '../../support/until.js';
import { freshStore } from './application.js';
import { Order, OrderService } from './orders.js';

const LOCAL = { listen: '127.0.0.1:0' } as const;

/** Nest's microservice around the strategy that the module provides. */
function startMicroservice(options: CoordinatorModuleOptions): Promise<INestMicroservice> {
  @Module({ imports: [CoordinatorModule.forRoot(options)] })
  class CoordinatorApp {}
  return NestFactory.createMicroservice<AsyncMicroserviceOptions>(CoordinatorApp, {
    inject: [CoordinatorServer],
    useFactory: (strategy: CoordinatorServer) => ({ strategy }),
    logger: false,
    abortOnError: false,
  });
}

async function addressOf(app: INestMicroservice | TestingModule): Promise<string> {
  return app.get(CoordinatorServer, { strict: false }).unwrap();
}

describe('A Nest application whose coordinator is another application', () => {
  let database: TestDatabase;
  const closing: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await database.drop();
  });

  async function startCoordinator(options: CoordinatorModuleOptions = {}): Promise<string> {
    const app = await startMicroservice({ ...LOCAL, store: freshStore(), ...options });
    closing.push(() => app.close());
    await app.listen();
    return addressOf(app);
  }

  async function startOrders(
    coordinator: DtxCoordinatorOptions,
    imports: readonly object[] = [],
  ): Promise<TestingModule> {
    const dtx = DtxModule.forRoot({ applicationId: 'orders', coordinator });
    const typeorm = TypeOrmModule.forRoot(
      withDtx(
        { type: 'postgres', url: database.url, entities: [Order], synchronize: true },
        { resourceId: 'orders' },
      ),
    );
    @Module({ imports: [TypeOrmModule.forFeature([Order])], providers: [OrderService] })
    class OrderModule {}
    const testing = Test.createTestingModule({
      imports: [typeorm, dtx, OrderModule, ...(imports as [])],
    });
    const app = await testing.compile();
    closing.push(() => app.close());
    return app.init();
  }

  const statusOf = async (app: TestingModule, xid: string): Promise<string> =>
    (await app.get(TransactionManager).status(xid)).status;

  it('commits through a url alone', async () => {
    const app = await startOrders({ url: `dtx://${await startCoordinator()}` });

    const xid = await app.get(OrderService).place('good');

    await until(async () => (await statusOf(app, xid)) === 'committed');
    expect(await app.get(OrderService).count()).toBe(1);
  });

  it('gets its rows back when the method throws', async () => {
    const app = await startOrders({ url: `dtx://${await startCoordinator()}` });

    await expect(app.get(OrderService).place('bad')).rejects.toThrow('no such product');

    expect(await app.get(OrderService).count()).toBe(0);
  });

  it('does not start with a key that the coordinator does not know', async () => {
    const url = `dtx://${await startCoordinator({ keys: ['right'] })}`;

    await expect(startOrders({ url, key: 'wrong' })).rejects.toMatchObject({
      code: 'DTX_ERR_PROTOCOL_CREDENTIAL',
    });
  });

  it('starts with any key of several', async () => {
    const url = `dtx://${await startCoordinator({ keys: ['old', 'new'] })}`;

    const app = await startOrders({ url, key: 'old' });

    expect(await app.get(OrderService).place('good')).toBeDefined();
  });

  it('says where it has looked when there is no coordinator', async () => {
    const coordinator = { url: 'dtx://127.0.0.1:1', connectTimeoutMs: 200 };

    await expect(startOrders(coordinator)).rejects.toMatchObject({
      code: 'DTX_ERR_TC_UNREACHABLE',
      urls: ['127.0.0.1:1'],
    });
  });

  it('may host the coordinator for others, and use it itself', async () => {
    const store = freshStore();
    const host = await startOrders({ store }, [CoordinatorModule.forRoot({ ...LOCAL, store })]);
    const xid = await host.get(OrderService).place('good');
    const guest = Test.createTestingModule({
      imports: [
        DtxModule.forRoot({
          applicationId: 'guest',
          coordinator: { url: `dtx://${await addressOf(host)}` },
        }),
      ],
    });
    const app = await (await guest.compile()).init();
    closing.push(() => app.close());

    await until(async () => (await statusOf(app, xid)) === 'committed');
  });

  it('goes on when the coordinator was closed and has come back', async () => {
    const store = freshStore();
    const first = await startMicroservice({ ...LOCAL, store });
    await first.listen();
    const address = await addressOf(first);
    const app = await startOrders({ url: `dtx://${address}` });
    await first.close();

    const placing = app.get(OrderService).place('good');
    await startCoordinator({ store, listen: address });

    const xid = await placing;
    await until(async () => (await statusOf(app, xid)) === 'committed');
  });
});

describe('A coordinator as a Nest microservice', () => {
  it('refuses to listen for everybody without keys, and says how to go on', async () => {
    const store = freshStore();

    await expect(startMicroservice({ listen: '0.0.0.0:0', store })).rejects.toMatchObject({
      code: 'DTX_ERR_CONFIG_INSECURE_LISTEN',
      message: expect.stringContaining('--insecure') as string,
    });
    expect(existsSync(store)).toBe(false);
  });

  it('closes once, whoever asks for it', async () => {
    const app = await startMicroservice({ ...LOCAL, store: freshStore() });
    await app.listen();

    await Promise.all([app.close(), app.get(CoordinatorServer).close()]);

    await expect(addressOf(app)).rejects.toMatchObject({ code: 'DTX_ERR_TC_CLOSED' });
  });
});
