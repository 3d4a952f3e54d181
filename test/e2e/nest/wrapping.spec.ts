import type { Server } from 'node:net';

import {
  Controller,
  Get,
  Injectable,
  Module,
  Scope,
  type INestApplication,
  type OnApplicationBootstrap,
  type OnModuleInit,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { GlobalTransactional, currentXid } from 'nestjs-dtx';
import { firstValueFrom } from 'rxjs';
import supertest from 'supertest';

import { LogLines, recordedDtx } from './application.js';

@Injectable()
class OrderService {
  @GlobalTransactional({ name: 'place' })
  async place(): Promise<string | undefined> {
    return currentXid();
  }

  /** Not annotated itself. */
  async placeByItself(): Promise<string | undefined> {
    return this.place();
  }
}

interface App {
  readonly app: INestApplication;
  readonly log: LogLines;
  readonly transcript: readonly string[];
}

const opened: INestApplication[] = [];

afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});

async function start(providers: Provider[], controllers: Type[] = []): Promise<App> {
  const log = new LogLines();
  const { module, transcript } = recordedDtx();
  @Module({ providers, controllers })
  class FeatureModule {}
  const testing = await Test.createTestingModule({ imports: [FeatureModule, module] })
    .setLogger(log)
    .compile();
  const app = testing.createNestApplication();
  opened.push(app);
  app.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return { app, log, transcript };
}

const ONCE = ['begin place', 'commit place'];
const XID = /^[0-9a-f]{40}$/;

describe('an annotated method begins exactly one transaction', () => {
  it('when it is called', async () => {
    const { app, transcript } = await start([OrderService]);

    await expect(app.get(OrderService).place()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when another method of its class calls it', async () => {
    const { app, transcript } = await start([OrderService]);

    await expect(app.get(OrderService).placeByItself()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when it is inherited', async () => {
    @Injectable()
    class SpecialOrderService extends OrderService {}
    const { app, transcript } = await start([SpecialOrderService]);

    await expect(app.get(SpecialOrderService).place()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when an override without annotation calls it by super', async () => {
    @Injectable()
    class LoggedOrderService extends OrderService {
      override async place(): Promise<string | undefined> {
        return super.place();
      }
    }
    const { app, transcript } = await start([LoggedOrderService]);

    await expect(app.get(LoggedOrderService).place()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when its own constructor has bound it', async () => {
    @Injectable()
    class BoundService extends OrderService {
      readonly bound = this.place.bind(this);
    }
    const { app, transcript } = await start([BoundService]);

    await expect(app.get(BoundService).bound()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when the constructor of another provider has captured it', async () => {
    @Injectable()
    class CapturingService {
      readonly captured: () => Promise<string | undefined>;
      constructor(orders: OrderService) {
        const { place } = orders;
        this.captured = () => place.call(orders);
      }
    }
    const { app, transcript } = await start([OrderService, CapturingService]);

    await expect(app.get(CapturingService).captured()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when it is called from its own onModuleInit', async () => {
    @Injectable()
    class EagerService extends OrderService implements OnModuleInit {
      xid: string | undefined;
      async onModuleInit(): Promise<void> {
        this.xid = await this.place();
      }
    }
    const { app, transcript } = await start([EagerService]);

    expect(app.get(EagerService).xid).toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when it is called from the onModuleInit of another provider', async () => {
    @Injectable()
    class Seeder implements OnModuleInit {
      xid: string | undefined;
      constructor(private readonly orders: OrderService) {}
      async onModuleInit(): Promise<void> {
        this.xid = await this.orders.place();
      }
    }
    const { app, transcript } = await start([OrderService, Seeder]);

    expect(app.get(Seeder).xid).toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when it is called from the constructor of another provider', async () => {
    @Injectable()
    class Hasty {
      readonly xid: Promise<string | undefined>;
      constructor(orders: OrderService) {
        this.xid = orders.place();
      }
    }
    const { app, transcript } = await start([OrderService, Hasty]);

    await expect(app.get(Hasty).xid).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when it is called from an async factory', async () => {
    const made: Provider = {
      provide: 'MADE',
      inject: [OrderService],
      useFactory: (orders: OrderService) => orders.place(),
    };
    const { app, transcript } = await start([OrderService, made]);

    expect(app.get('MADE')).toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when it is called from onApplicationBootstrap', async () => {
    @Injectable()
    class Starter implements OnApplicationBootstrap {
      xid: string | undefined;
      constructor(private readonly orders: OrderService) {}
      async onApplicationBootstrap(): Promise<void> {
        this.xid = await this.orders.place();
      }
    }
    const { app, transcript } = await start([OrderService, Starter]);

    expect(app.get(Starter).xid).toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when its provider is request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class RequestService extends OrderService {}
    const { app, transcript } = await start([RequestService]);
    const service = await app.resolve(RequestService, ContextIdFactory.create());

    await expect(service.place()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when its provider is transient', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class TransientService extends OrderService {}
    @Injectable()
    class Consumer {
      constructor(readonly orders: TransientService) {}
    }
    const { app, transcript } = await start([TransientService, Consumer]);

    await expect(app.get(Consumer).orders.place()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when its object comes from a factory', async () => {
    const made = { provide: OrderService, useFactory: () => new OrderService() };
    const { app, transcript } = await start([made]);

    await expect(app.get(OrderService).place()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when its object is a value', async () => {
    const { app, transcript } = await start([{ provide: 'ORDERS', useValue: new OrderService() }]);

    await expect(app.get<OrderService>('ORDERS').place()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when its object was made by ModuleRef.create()', async () => {
    const { app, transcript } = await start([]);
    const service = await app.get(ModuleRef).create(OrderService);

    await expect(service.place()).resolves.toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when it handles a request', async () => {
    @Controller()
    class OrderController {
      @Get('above')
      @GlobalTransactional({ name: 'place' })
      async above(): Promise<string | undefined> {
        return currentXid();
      }
      @GlobalTransactional({ name: 'place' })
      @Get('below')
      async below(): Promise<string | undefined> {
        return currentXid();
      }
    }
    const { app, transcript } = await start([], [OrderController]);
    const url = await app.getUrl();

    expect((await supertest(url).get('/above')).text).toMatch(XID);
    expect((await supertest(url).get('/below')).text).toMatch(XID);
    expect(transcript).toEqual([...ONCE, ...ONCE]);
  });

  it('when it handles a request in a request-scoped controller', async () => {
    @Controller({ scope: Scope.REQUEST })
    class OrderController {
      @Get('place')
      @GlobalTransactional({ name: 'place' })
      async place(): Promise<string | undefined> {
        return currentXid();
      }
    }
    const { app, transcript } = await start([], [OrderController]);

    const response = await supertest(await app.getUrl()).get('/place');

    expect(response.text).toMatch(XID);
    expect(transcript).toEqual(ONCE);
  });

  it('when it handles a message', async () => {
    @Controller()
    class OrderController {
      @MessagePattern('above')
      @GlobalTransactional({ name: 'place' })
      async above(): Promise<string | undefined> {
        return currentXid();
      }
      @GlobalTransactional({ name: 'place' })
      @MessagePattern('below')
      async below(): Promise<string | undefined> {
        return currentXid();
      }
    }
    const { app, transcript } = await start([], [OrderController]);
    const client = clientOf(app);

    const xids = [
      await firstValueFrom(client.send<string>('above', {})),
      await firstValueFrom(client.send<string>('below', {})),
    ];
    await client.close();

    expect(xids).toEqual([expect.stringMatching(XID), expect.stringMatching(XID)]);
    expect(transcript).toEqual([...ONCE, ...ONCE]);
  });
});

describe('an override without the decorator', () => {
  it('begins none, and the start log names both methods', async () => {
    @Injectable()
    class ForgetfulService extends OrderService {
      override async place(): Promise<string | undefined> {
        return currentXid();
      }
    }
    const { app, log, transcript } = await start([ForgetfulService]);

    await expect(app.get(ForgetfulService).place()).resolves.toBeUndefined();
    expect(transcript).toEqual([]);
    expect(log.of('DtxModule')).toContainEqual(
      expect.stringContaining(
        'warn ForgetfulService.place overrides OrderService.place without @GlobalTransactional',
      ),
    );
  });
});

function clientOf(app: INestApplication) {
  const [microservice] = app.getMicroservices();
  const address = microservice!.unwrap<Server>().address();
  const port = typeof address === 'object' ? address!.port : 0;
  return ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  });
}
