import { fromJSON } from '@grpc/proto-loader';
import { Body, Controller, Inject, Injectable, Module, Post } from '@nestjs/common';
import type { INestApplication, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, GrpcMethod, MessagePattern, Transport } from '@nestjs/microservices';
import type { ClientGrpc, ClientProxy, MicroserviceOptions } from '@nestjs/microservices';
import { DtxModule, GlobalTransactional, TccAction, TxParam, currentXid } from 'nestjs-dtx';
import type { TccContext } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import type { Pool } from 'pg';
import { firstValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';

import { freePort } from '../../conformance/propagation/carriers/tcp.carrier.js';
import { createTestDatabase } from '../../servers/test-database.js';
import { freshStore } from './application.js';

const HOST = '127.0.0.1';
const QUIET = { logger: false, abortOnError: false } as const;

/** How the services are reached, and their names. */
export const CARRIERS = ['HTTP', 'gRPC', 'TCP'] as const;
export type Carrier = (typeof CARRIERS)[number];

interface Freeze {
  readonly amount: number;
}

interface Frozen {
  readonly xid: string;
}

const POOL = 'POOL';

/** The same action in each of the services: phase two has to find the one that did the try. */
@Injectable()
class AccountService {
  readonly calls: string[] = [];

  constructor(@Inject(POOL) private readonly pool: Pool) {}

  @TccAction({ name: 'account.freeze', confirm: 'take', cancel: 'free' })
  async freeze(@TxParam<Freeze>('amount') amount: number): Promise<Frozen> {
    this.calls.push('freeze');
    await this.pool.query('UPDATE account SET frozen = frozen + $1', [amount]);
    return { xid: currentXid() ?? '' };
  }

  async take({ params }: TccContext<Freeze>): Promise<void> {
    this.calls.push('take');
    await this.pool.query('UPDATE account SET frozen = frozen - $1, balance = balance - $1', [
      params.amount,
    ]);
  }

  async free({ params }: TccContext<Freeze>): Promise<void> {
    this.calls.push('free');
    await this.pool.query('UPDATE account SET frozen = frozen - $1', [params.amount]);
  }
}

@Controller()
class HttpController {
  constructor(private readonly accounts: AccountService) {}

  @Post('freeze')
  freeze(@Body() { amount }: Freeze): Promise<Frozen> {
    return this.accounts.freeze(amount);
  }
}

@Controller()
class GrpcController {
  constructor(private readonly accounts: AccountService) {}

  @GrpcMethod('Accounts', 'Freeze')
  freeze({ amount }: Freeze): Promise<Frozen> {
    return this.accounts.freeze(amount);
  }
}

@Controller()
class MessageController {
  constructor(private readonly accounts: AccountService) {}

  @MessagePattern('freeze')
  freeze({ amount }: Freeze): Promise<Frozen> {
    return this.accounts.freeze(amount);
  }
}

const packageDefinition = fromJSON({
  nested: {
    bank: {
      nested: {
        Freeze: { fields: { amount: { type: 'int32', id: 1 } } },
        Frozen: { fields: { xid: { type: 'string', id: 1 } } },
        Accounts: {
          methods: { Freeze: { requestType: 'Freeze', responseType: 'Frozen', comment: '' } },
        },
      },
    },
  },
});

const grpcOptions = (port: number) =>
  ({
    transport: Transport.GRPC,
    options: { url: `${HOST}:${String(port)}`, package: 'bank', packageDefinition },
  }) as const;

const tcpOptions = (port: number) =>
  ({ transport: Transport.TCP, options: { host: HOST, port } }) as const;

type Ask = (amount: number) => Promise<Frozen>;

/** Nothing of a transaction is in what it sends. */
@Injectable()
export class Launcher {
  xid: string | undefined;
  readonly #ask: Readonly<Record<Carrier, Ask>>;

  constructor(
    @Inject('HTTP') url: string,
    @Inject('GRPC') grpc: ClientGrpc,
    @Inject('TCP') messages: ClientProxy,
  ) {
    const stub = grpc.getService<{ freeze(request: Freeze): Observable<Frozen> }>('Accounts');
    this.#ask = {
      HTTP: (amount) => post(`${url}/freeze`, { amount }),
      gRPC: (amount) => firstValueFrom(stub.freeze({ amount })),
      TCP: (amount) => firstValueFrom(messages.send<Frozen>('freeze', { amount })),
    };
  }

  /** @returns the xids that the services have seen */
  @GlobalTransactional()
  async freezeAll(asked: Asked): Promise<readonly string[]> {
    this.xid = currentXid();
    const xids: string[] = [];
    for (const carrier of asked.order ?? CARRIERS) {
      const amount = carrier === asked.tooMuchFor ? 1_000 : 30;
      const answer = this.#ask[carrier](amount);
      const settled = asked.swallows === true ? answer.catch(() => undefined) : answer;
      xids.push((await settled)?.xid ?? '');
    }
    if (asked.fails === true) throw new Error('changed my mind');
    return xids;
  }

  @GlobalTransactional()
  async freezeAtOnce(): Promise<void> {
    this.xid = currentXid();
    await Promise.all(CARRIERS.map((carrier) => this.#ask[carrier](30)));
  }
}

interface Asked {
  readonly order?: readonly Carrier[];
  /** Whose account has not that much. */
  readonly tooMuchFor?: Carrier;
  readonly swallows?: boolean;
  /** Once all have answered. */
  readonly fails?: boolean;
}

async function post(url: string, body: Freeze): Promise<Frozen> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return JSON.parse(answer) as Frozen;
}

@Module({})
class ServiceModule {}

@Module({})
class LauncherModule {}

export interface Service {
  readonly app: INestApplicationContext;
  /** Past the seam. */
  readonly plain: Pool;
  readonly accounts: AccountService;
}

export interface Banks {
  readonly services: Readonly<Record<Carrier, Service>>;
  readonly launcher: Launcher;
}

/** @param closing what is to be called at the end, the last one first */
export async function openBanks(closing: (() => Promise<unknown>)[]): Promise<Banks> {
  const store = freshStore();
  const [grpcPort, tcpPort] = [await freePort(), await freePort()];
  const services = {
    HTTP: await openService(closing, store, 'HTTP', HttpController),
    gRPC: await openService(closing, store, 'gRPC', GrpcController, grpcOptions(grpcPort)),
    TCP: await openService(closing, store, 'TCP', MessageController, tcpOptions(tcpPort)),
  };
  const url = await (services.HTTP.app as INestApplication).getUrl();
  const launching = await NestFactory.createApplicationContext(
    {
      module: LauncherModule,
      imports: [
        DtxModule.forRoot({ applicationId: 'launcher', coordinator: { store } }),
        ClientsModule.register([
          { name: 'GRPC', ...grpcOptions(grpcPort) },
          { name: 'TCP', ...tcpOptions(tcpPort) },
        ]),
      ],
      providers: [Launcher, { provide: 'HTTP', useValue: url }],
    },
    QUIET,
  );
  closing.push(() => launching.close());
  return { services, launcher: launching.get(Launcher) };
}

async function openService(
  closing: (() => Promise<unknown>)[],
  store: string,
  carrier: Carrier,
  controller: Type,
  microservice?: MicroserviceOptions,
): Promise<Service> {
  const database = await createTestDatabase();
  closing.push(() => database.drop());
  const plain = database.pool({ max: 1 });
  await plain.query(
    `CREATE TABLE account (
       id int PRIMARY KEY, balance int, frozen int CHECK (frozen <= balance));
     INSERT INTO account VALUES (1, 100, 0)`,
  );
  const pool = dtxPool(database.pool({ max: 4 }), { resourceId: `${carrier}-accounts` });
  const module = {
    module: ServiceModule,
    imports: [DtxModule.forRoot({ applicationId: `${carrier}-bank`, coordinator: { store } })],
    controllers: [controller],
    providers: [AccountService, { provide: POOL, useValue: pool }],
  };
  const app = await listen(module, microservice);
  closing.push(() => app.close());
  return { app, plain, accounts: app.get(AccountService) };
}

async function listen(
  module: object,
  microservice: MicroserviceOptions | undefined,
): Promise<INestApplicationContext> {
  if (microservice !== undefined) {
    const app = await NestFactory.createMicroservice(module, { ...QUIET, ...microservice });
    await app.listen();
    return app;
  }
  const app = await NestFactory.create(module, QUIET);
  await app.listen(0, HOST);
  return app;
}
