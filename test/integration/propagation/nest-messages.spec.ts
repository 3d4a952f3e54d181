import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { Catch, Controller, Inject, Injectable, Module, Scope, UseFilters } from '@nestjs/common';
import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  ClientsModule,
  EventPattern,
  MessagePattern,
  Transport,
} from '@nestjs/microservices';
import type { ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, of } from 'rxjs';
import type { Observable } from 'rxjs';

import {
  DtxModule,
  TransactionManager,
  currentTransaction,
  currentXid,
  linkedXid,
} from '../../../lib/index.js';
import type { MessagingOptions } from '../../../lib/index.js';
import { freePort } from '../../conformance/propagation/carriers/tcp.carrier.js';
import { openRelay } from '../../conformance/propagation/recording-relay.js';
import { until } from '../../support/until.js';

const HOST = '127.0.0.1';

interface Seen {
  readonly xid: string;
  readonly link: string;
  readonly application: string;
}

const look = (): Seen => ({
  xid: currentXid() ?? '',
  link: linkedXid() ?? '',
  application: currentTransaction()?.manager.applicationId ?? '',
});

const TOLD = { event: 'told' };

/** What the last event was handled in, by each of its handlers. */
const events: Seen[] = [];

@Catch()
class AnsweringFilter {
  catch(): Observable<string> {
    return of('never mind');
  }
}

@Controller()
class PlainController {
  @MessagePattern('look')
  look(): Seen {
    return look();
  }

  @MessagePattern('filtered')
  @UseFilters(AnsweringFilter)
  filtered(): never {
    currentTransaction()?.enter('Some work')();
    throw new Error('filtered');
  }

  @EventPattern(TOLD)
  told(): void {
    events.push(look());
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestScoped {
  readonly made = look();
}

@Controller({ scope: Scope.REQUEST })
class ScopedController {
  constructor(@Inject(RequestScoped) private readonly scoped: RequestScoped) {}

  @MessagePattern('look-scoped')
  look(): readonly Seen[] {
    return [this.scoped.made, look()];
  }

  @EventPattern(TOLD)
  async told(): Promise<void> {
    await Promise.resolve();
    events.push(look());
  }
}

@Module({ controllers: [PlainController, ScopedController], providers: [RequestScoped] })
class ReceivingModule {}

@Module({})
class SendingModule {}

const closing: (() => Promise<unknown> | undefined)[] = [];

/** Of the coordinator that all applications of this file share. */
let store: string;

beforeAll(() => {
  store = join(mkdtempSync(join(tmpdir(), 'dtx-messages-')), 'coordinator.db');
});
afterAll(() => {
  rmSync(dirname(store), { recursive: true, force: true });
});
afterEach(async () => {
  events.length = 0;
  for (const close of closing.splice(0).reverse()) await close();
});

const dtx = (applicationId: string, messaging?: MessagingOptions): DynamicModule =>
  DtxModule.forRoot({
    applicationId,
    coordinator: { store },
    ...(messaging && { messaging }),
  });

const QUIET = { logger: false, abortOnError: false } as const;

/** Starts a receiving application, and returns its port. */
async function receive(...imports: DynamicModule[]): Promise<number> {
  const port = await freePort();
  const app = await NestFactory.createMicroservice(
    { module: ReceivingModule, imports },
    { transport: Transport.TCP, options: { host: HOST, port }, ...QUIET },
  );
  await app.listen();
  closing.push(() => app.close());
  return port;
}

interface Sender {
  readonly app: INestApplicationContext;
  readonly client: ClientProxy;
  inTransaction<T>(body: () => Promise<T>): Promise<T>;
  ask<T = Seen>(pattern: string): Promise<T>;
}

async function send(port: number, messaging?: MessagingOptions): Promise<Sender> {
  const options = { host: HOST, port };
  const module: DynamicModule = {
    module: SendingModule,
    imports: [
      dtx('sender', messaging),
      ClientsModule.register([{ name: 'CLIENT', transport: Transport.TCP, options }]),
    ],
  };
  const app = await NestFactory.createApplicationContext(module, QUIET);
  closing.push(() => app.close());
  const client = app.get<ClientProxy>('CLIENT', { strict: false });
  return {
    app,
    client,
    inTransaction: (body) => app.get(TransactionManager).run({ name: 'test' }, body),
    ask: <T>(pattern: string) => firstValueFrom(client.send<T>(pattern, {})),
  };
}

describe('messages of Nest', () => {
  it('reach request-scoped handlers in the transaction, and what is made for them', async () => {
    const { ask, inTransaction } = await send(await receive(dtx('receiver')));
    const [xid, seen] = await inTransaction(async () => [
      currentXid(),
      await ask<readonly Seen[]>('look-scoped'),
    ]);
    expect(seen).toEqual(new Array(2).fill({ xid, link: '', application: 'receiver' }));
  });

  it('reach all handlers of an event, request-scoped ones too', async () => {
    const { client, inTransaction } = await send(await receive(dtx('receiver')));
    const xid = await inTransaction(async () => {
      await firstValueFrom(client.emit(TOLD, {}), { defaultValue: undefined });
      return currentXid();
    });
    await until(() => events.length === 2);
    expect(events).toEqual(new Array(2).fill({ xid: '', link: xid, application: '' }));
  });

  it('join with the manager of the application that has received them', async () => {
    const first = await send(await receive(dtx('first')));
    const second = await send(await receive(dtx('second')));
    const seen = await first.inTransaction(() =>
      Promise.all([first.ask('look'), second.ask('look')]),
    );
    expect(seen.map(({ application }) => application)).toEqual(['first', 'second']);
    expect(new Set(seen.map(({ xid }) => xid)).size).toBe(1);
  });

  it('are handled as ever by an application without DtxModule', async () => {
    const { ask, inTransaction } = await send(await receive());
    const seen = await inTransaction(() => ask('look'));
    expect(seen).toEqual({ xid: '', link: '', application: '' });
  });

  it('are not believed where incoming is false', async () => {
    const { ask, inTransaction } = await send(await receive(dtx('receiver', { incoming: false })));
    const seen = await inTransaction(() => ask('look'));
    expect(seen).toEqual({ xid: '', link: '', application: '' });
  });

  it('mark the transaction also where a filter makes an answer of the failure', async () => {
    const { ask, inTransaction } = await send(await receive(dtx('receiver')));
    const answered: unknown[] = [];
    const work = inTransaction(async () => {
      answered.push(await ask('filtered'));
    });
    await expect(work).rejects.toMatchObject({ code: 'DTX_ERR_TM_ROLLBACK_ONLY' });
    expect(answered).toEqual(['never mind']);
  });

  it('carry their own xid after the connection was lost', async () => {
    const target = { host: HOST, port: await receive(dtx('receiver')) };
    const relay = await openRelay(target);
    const { ask, client, inTransaction } = await send(relay.address.port);
    await inTransaction(() => ask('look'));
    await relay.close();
    await until(() =>
      ask('look').then(
        () => false,
        () => true,
      ),
    );
    const again = await openRelay(target, relay.address.port);
    closing.push(async () => {
      client.close();
      await again.close();
    });
    const xids = await Promise.all(
      Array.from({ length: 10 }, () =>
        inTransaction(async () => [currentXid(), (await ask('look')).xid]),
      ),
    );
    expect(xids.filter(([own, seen]) => own !== seen)).toEqual([]);
  });

  it('leave the hook of Nest to the application', async () => {
    const { ask, client, inTransaction } = await send(await receive(dtx('receiver')));
    const hooked: object[] = [];
    client.setOnDispatchHook((packet) => {
      hooked.push({ ...packet });
      packet.metadata = { trace: 'abc' };
    });
    const seen = await inTransaction(() => ask('look'));
    expect(hooked).toEqual([{ pattern: 'look', data: {} }]);
    expect(seen.application).toBe('receiver');
  });

  it('carry the xid also by a client that Nest does not know', async () => {
    const port = await receive(dtx('receiver'));
    const { inTransaction } = await send(port);
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: HOST, port },
    });
    closing.push(() => {
      client.close();
      return undefined;
    });
    const seen = await inTransaction(() => firstValueFrom(client.send<Seen>('look', {})));
    expect(seen.application).toBe('receiver');
  });
});

describe('clients that the options name', () => {
  it.each([
    ['link' as const, true],
    [{ send: 'none' } as const, false],
  ])('have the modes %j', async (modes, isLinked) => {
    const port = await receive(dtx('receiver'));
    const { ask, inTransaction } = await send(port, { clients: { CLIENT: modes } });
    const seen = await inTransaction(() => ask('look'));
    expect([seen.xid, seen.link !== '']).toEqual(['', isLinked]);
  });

  it.each([
    ['unknown', 'KLIENT', /messaging\.clients\.KLIENT is undefined\. Use the name of a client/],
    ['something else', 'dtx', /clients\.dtx is "no client of @nestjs\/microservices"/],
  ])('stop the start where they are %s', async (_what, token, message) => {
    const providers = [{ provide: 'dtx', useValue: {} }];
    const imports = [dtx('sender', { clients: { [token]: 'none' } })];
    const start = NestFactory.createApplicationContext(
      { module: SendingModule as Type, imports, providers },
      QUIET,
    );
    await expect(start).rejects.toThrow(message);
  });
});
