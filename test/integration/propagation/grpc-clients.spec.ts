import 'reflect-metadata';

import * as grpc from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { Inject, Injectable, Module } from '@nestjs/common';
import type { LoggerService, OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, Transport } from '@nestjs/microservices';
import type { ClientGrpc } from '@nestjs/microservices';
import { firstValueFrom, map } from 'rxjs';
import type { Observable } from 'rxjs';

import { DtxModule, TransactionManager, currentXid } from '../../../lib/index.js';

const definition = fromJSON(
  {
    nested: {
      stock: {
        nested: {
          Item: { fields: { name: { type: 'string', id: 1 } } },
          Stock: {
            methods: { Take: { requestType: 'Item', responseType: 'Item', comment: '' } },
          },
        },
      },
    },
  },
  { defaults: true },
);

interface Stock {
  take(item: { name: string }, metadata?: grpc.Metadata): Observable<{ name: string }>;
}

/** The metadata of what the server was asked. */
const received: Readonly<Record<string, unknown>>[] = [];
let server: grpc.Server;
let url: string;

beforeAll(async () => {
  server = new grpc.Server();
  server.addService(definition['stock.Stock'] as grpc.ServiceDefinition, {
    take: (
      call: grpc.ServerUnaryCall<unknown, unknown>,
      answer: grpc.sendUnaryData<unknown>,
    ): void => {
      const { 'user-agent': _agent, ...own } = call.metadata.getMap();
      received.push(own);
      answer(null, { name: 'taken' });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  url = `127.0.0.1:${String(port)}`;
});
afterAll(() => {
  server.forceShutdown();
});
afterEach(() => {
  received.length = 0;
});

/** An interceptor of the application, which says that it was there. */
const marking: grpc.Interceptor = (options, next) =>
  new grpc.InterceptingCall(next(options), {
    start: (metadata, listener, start) => {
      metadata.set('marked', 'yes');
      start(metadata, listener);
    },
  });

/** Does things to the client while the application is being built, as an application may. */
type Early = (client: ClientGrpc) => void;

async function open(channelOptions: object, early: Early = () => undefined) {
  const warnings: unknown[] = [];
  const ignore = (): void => undefined;
  const logger: LoggerService = {
    log: ignore,
    error: ignore,
    warn: (message) => void warnings.push(message),
  };

  @Injectable()
  class StockClient implements OnModuleInit {
    stock!: Stock;

    constructor(@Inject('STOCK') private readonly client: ClientGrpc) {
      early(client);
    }

    onModuleInit(): void {
      this.stock = this.client.getService<Stock>('Stock');
    }
  }

  const options = { url, package: 'stock', packageDefinition: definition, channelOptions };

  @Module({
    imports: [
      DtxModule.forRoot({ applicationId: 'orders', coordinator: { store: ':memory:' } }),
      ClientsModule.register([{ name: 'STOCK', transport: Transport.GRPC, options }]),
    ],
    providers: [StockClient],
  })
  class OrdersModule {}

  const app = await NestFactory.createApplicationContext(OrdersModule, {
    logger,
    abortOnError: false,
  });
  return { app, warnings, options, stock: app.get(StockClient).stock };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** Takes an item in a transaction, and returns its xid. */
const take = ({ app, stock }: Opened, metadata = new grpc.Metadata()): Promise<string> =>
  app.get(TransactionManager).run({ name: 'take' }, async () => {
    await firstValueFrom(stock.take({ name: 'nail' }, metadata));
    return currentXid() ?? '';
  });

describe('a gRPC client of Nest', () => {
  let opened: Opened | undefined;
  afterEach(async () => {
    await opened?.app.close();
    opened = undefined;
  });

  // First: the application that starts first in a process is the one that changes the classes.
  it('that was asked for a service too early is warned of', async () => {
    opened = await open({}, (client) => client.getService('Stock'));
    expect(opened.warnings).toEqual([
      expect.stringMatching(/^A ClientGrpc was asked for a service/),
    ]);
  });

  it.each([
    ['interceptors', { interceptors: [marking] }],
    ['interceptor providers', { interceptor_providers: [() => marking] }],
  ])('keeps the %s of the application', async (_what, channelOptions) => {
    const before = { ...channelOptions };
    opened = await open(channelOptions);
    const xid = await take(opened);
    expect(received).toEqual([{ marked: 'yes', tx_xid: xid }]);
    expect(opened.options.channelOptions).toEqual(before);
  });

  it('leaves the metadata of the application as it was', async () => {
    opened = await open({});
    const metadata = new grpc.Metadata();
    metadata.set('trace', 'abc');
    const xid = await take(opened, metadata);
    await firstValueFrom(opened.stock.take({ name: 'nail' }, metadata));
    expect(received).toEqual([{ trace: 'abc', tx_xid: xid }, { trace: 'abc' }]);
  });

  it('has its answers heard in the transaction of the caller', async () => {
    opened = await open({});
    const { app, stock } = opened;
    await take(opened);
    const heard = await app.get(TransactionManager).run({ name: 'take' }, async () => {
      const answer = stock.take({ name: 'nail' }).pipe(map(() => currentXid()));
      return (await firstValueFrom(answer)) === currentXid();
    });
    expect(heard).toBe(true);
  });

  it('is not warned of otherwise', async () => {
    opened = await open({});
    expect(opened.warnings).toEqual([]);
  });
});
