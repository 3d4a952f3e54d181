import type { AddressInfo, Server } from 'node:net';

import { Controller, Get, Global, Injectable, Module } from '@nestjs/common';
import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  DtxModule,
  GlobalTransactional,
  InvalidOptionError,
  TransactionManager,
  currentXid,
} from 'nestjs-dtx';
import type { DtxModuleOptions } from 'nestjs-dtx';
import { DtxTestingModule, RecordingCoordinator } from 'nestjs-dtx/testing';
import { firstValueFrom } from 'rxjs';

import { LogLines, freshStore, recordedDtx } from './application.js';

@Injectable()
class OrderService {
  @GlobalTransactional({ name: 'place' })
  async place(): Promise<string | undefined> {
    return currentXid();
  }
}

@Controller()
class OrderController {
  @Get()
  @GlobalTransactional({ name: 'place' })
  async place(): Promise<string | undefined> {
    return currentXid();
  }
}

type Imports = (Type | DynamicModule | Promise<DynamicModule>)[];

const compile = (imports: Imports, parts: { providers?: Type[]; controllers?: Type[] } = {}) =>
  Test.createTestingModule({ imports, ...parts })
    .setLogger(new LogLines())
    .compile();

describe('an application without DtxModule.forRoot', () => {
  const advice = 'Add DtxModule.forRoot({ applicationId: "my-app" }) to the imports of your root';

  it('does not start when a provider is annotated, and Nest prints what to add', async () => {
    await expect(compile([], { providers: [OrderService] })).rejects.toThrow(advice);
  });

  it('does not start when a controller is annotated, and Nest prints what to add', async () => {
    await expect(compile([], { controllers: [OrderController] })).rejects.toThrow(advice);
  });

  it('is told to call forRoot when it imports the class itself', async () => {
    await expect(compile([DtxModule])).rejects.toThrow(
      'Import DtxModule.forRoot({ applicationId: "my-app" }), and not DtxModule itself',
    );
  });
});

describe('an application with two modules of ours', () => {
  const advice = /The number of DtxModule imports in this application is 2\. Import DtxModule/;

  it('does not start when both are DtxModule', async () => {
    await expect(compile([recordedDtx().module, recordedDtx().module])).rejects.toThrow(advice);
  });

  it('does not start when one is for tests', async () => {
    const both = compile([recordedDtx().module, DtxTestingModule.forRoot()]);

    await expect(both).rejects.toThrow(InvalidOptionError);
    await expect(both).rejects.toThrow(advice);
  });

  it('starts when feature modules import the same one', async () => {
    const { module } = recordedDtx();
    @Module({ imports: [module], providers: [OrderService] })
    class FeatureModule {}

    const app = await compile([FeatureModule, module]);

    await expect(app.get(OrderService, { strict: false }).place()).resolves.toBeDefined();
    await app.close();
  });
});

describe('the options of DtxModule', () => {
  const valid = (): DtxModuleOptions => ({
    applicationId: 'order-service',
    coordinator: { store: freshStore() },
  });

  @Injectable()
  class OptionsFactory {
    createDtxOptions(): DtxModuleOptions {
      return valid();
    }
  }

  @Global()
  @Module({
    providers: [OptionsFactory, { provide: 'STORE', useFactory: freshStore }],
    exports: [OptionsFactory, 'STORE'],
  })
  class ConfigModule {}

  const forms: readonly (readonly [string, () => Imports])[] = [
    ['forRoot', () => [DtxModule.forRoot(valid())]],
    [
      'forRootAsync with useFactory',
      () => [
        DtxModule.forRootAsync({
          inject: ['STORE'],
          useFactory: async (store: string) => ({ ...valid(), coordinator: { store } }),
        }),
      ],
    ],
    ['forRootAsync with useClass', () => [DtxModule.forRootAsync({ useClass: OptionsFactory })]],
    [
      'forRootAsync with useExisting',
      () => [DtxModule.forRootAsync({ imports: [ConfigModule], useExisting: OptionsFactory })],
    ],
  ];

  it.each(forms)('come by %s', async (_form, imports) => {
    const app = await compile([ConfigModule, ...imports()], { providers: [OrderService] });

    await app.init();

    expect(app.get(TransactionManager).applicationId).toBe('order-service');
    await expect(app.get(OrderService).place()).resolves.toBeDefined();
    await app.close();
  });

  it.each([
    ['forRoot', () => DtxModule.forRoot({ ...valid(), timeoutMs: 0 })],
    [
      'forRootAsync',
      () => DtxModule.forRootAsync({ useFactory: () => ({ ...valid(), timeoutMs: 0 }) }),
    ],
  ])('stop the start when one of %s is wrong', async (_form, module) => {
    await expect(compile([module()])).rejects.toThrow(/DtxModule option timeoutMs is 0\. Use a/);
  });
});

describe('TransactionManager', () => {
  it('can be injected in any module', async () => {
    @Injectable()
    class Job {
      constructor(readonly transactions: TransactionManager) {}
    }
    @Module({ providers: [Job], exports: [Job] })
    class FirstModule {}
    @Module({ providers: [Job] })
    class SecondModule {}
    const app = await compile([FirstModule, SecondModule, recordedDtx().module]);

    const first = app.select(FirstModule).get(Job, { strict: true });
    const second = app.select(SecondModule).get(Job, { strict: true });

    expect(first).not.toBe(second);
    expect(first.transactions).toBe(second.transactions);
    expect(first.transactions).toBe(app.get(TransactionManager));
    await app.close();
  });
});

describe('several applications in one process', () => {
  it('keep the transactions of one class apart', async () => {
    const first = recordedDtx();
    const second = recordedDtx();
    const firstApp = await compile([first.module], { providers: [OrderService] });
    const secondApp = await compile([second.module], { providers: [OrderService] });

    await firstApp.get(OrderService).place();

    expect(first.transcript).toEqual(['begin place', 'commit place']);
    expect(second.transcript).toEqual([]);
    await firstApp.close();
    await expect(secondApp.get(OrderService).place()).resolves.toBeDefined();
    expect(second.transcript).toEqual(['begin place', 'commit place']);
    await secondApp.close();
  });
});

describe('an application without HTTP', () => {
  it('runs transactions in an application context', async () => {
    const { module, transcript } = recordedDtx();
    @Module({ imports: [module], providers: [OrderService] })
    class WorkerModule {}
    const app: INestApplicationContext = await NestFactory.createApplicationContext(WorkerModule, {
      logger: new LogLines(),
    });

    await app.get(OrderService).place();

    expect(transcript).toEqual(['begin place', 'commit place']);
    await app.close();
  });

  it('runs transactions in a microservice', async () => {
    @Controller()
    class OrderHandler {
      @MessagePattern('place')
      @GlobalTransactional({ name: 'place' })
      async place(): Promise<string | undefined> {
        return currentXid();
      }
    }
    const { module, transcript } = recordedDtx();
    @Module({ imports: [module], controllers: [OrderHandler] })
    class WorkerModule {}
    const app = await NestFactory.createMicroservice(WorkerModule, {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: 0 },
      logger: new LogLines(),
    });
    await app.listen();
    const { port } = app.unwrap<Server>().address() as AddressInfo;
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });

    const xid = await firstValueFrom(client.send<string>('place', {}));
    await client.close();

    expect(xid).toMatch(/^[0-9a-f]{40}$/);
    expect(transcript).toEqual(['begin place', 'commit place']);
    await app.close();
  });
});

describe('a test of a whole application', () => {
  it('can put DtxTestingModule in the place of DtxModule', async () => {
    const { module, transcript } = recordedDtx();
    @Module({ imports: [module], providers: [OrderService] })
    class AppModule {}
    const app = await Test.createTestingModule({ imports: [AppModule] })
      .overrideModule(module)
      .useModule(DtxTestingModule.forRoot({ double: 'recording' }))
      .setLogger(new LogLines())
      .compile();
    await app.init();

    await app.get(OrderService).place();

    expect(app.get(RecordingCoordinator).transcript).toEqual(['begin place', 'commit place']);
    expect(transcript).toEqual([]);
    await app.close();
  });
});
