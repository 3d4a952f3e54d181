import { Controller, Global, Injectable, Module, Post } from '@nestjs/common';
import type {
  INestApplication,
  OnApplicationShutdown,
  OnModuleInit,
  Provider,
  Type,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DuplicateResourceError, TransactionManager, currentXid } from 'nestjs-dtx';
import supertest from 'supertest';

import { DtxOrchestrator } from '../../../lib/modules/dtx.orchestrator.js';
import { InFlight } from '../../../lib/modules/in-flight.js';
import { DTX_RESOURCE } from '../../../lib/protocol/index.js';
import type { DtxResource, ResourceHost, ResourceReport } from '../../../lib/resource/index.js';
import { LogLines, freshStore, recordedDtx } from './application.js';

/** A resource that notes what happens to it. */
class NotingResource implements DtxResource {
  readonly kind = 'noting';
  host: ResourceHost | undefined;

  constructor(
    readonly resourceId: string,
    readonly events: string[],
    readonly failure?: Error,
  ) {}

  resourceIdFor(): string {
    return this.resourceId;
  }

  async start(host: ResourceHost): Promise<ResourceReport> {
    this.host = host;
    this.events.push(`start ${this.resourceId}`);
    if (this.failure !== undefined) throw this.failure;
    const warnings = [`Table audit of ${this.resourceId} has no primary key.`];
    return { resourceId: this.resourceId, summary: 'noting, 4 tables', warnings };
  }

  async stop(): Promise<void> {
    const status = await this.host?.client.status({ xid: 'x' });
    this.events.push(
      `stop ${this.resourceId}, coordinator ${status === undefined ? '?' : 'there'}`,
    );
  }
}

const pool = (resource: DtxResource, token: string = resource.kind): Provider => ({
  provide: token,
  useValue: { [DTX_RESOURCE]: resource },
});

interface Parts {
  readonly providers?: Provider[];
  readonly controllers?: Type[];
  readonly store?: string;
  readonly inFlight?: Partial<InFlight>;
}

async function build({ providers = [], controllers = [], ...rest }: Parts) {
  const log = new LogLines();
  const options = { coordinator: { store: rest.store ?? freshStore() } };
  const { module, transcript } = recordedDtx(options);
  const builder = Test.createTestingModule({ imports: [module], providers, controllers });
  if (rest.inFlight !== undefined) builder.overrideProvider(InFlight).useValue(rest.inFlight);
  const testing = await builder.setLogger(log).compile();
  const app: INestApplication = testing.createNestApplication();
  return { app, log, transcript, manager: app.get(TransactionManager) };
}

/** Enough of them for whatever does not wait to have happened. */
async function turnsOfTheEventLoop(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A promise, and the function that fulfils it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('the start', () => {
  it('starts the resources that providers hold, before other modules initialise', async () => {
    const events: string[] = [];
    @Injectable()
    class Seeder implements OnModuleInit {
      onModuleInit(): void {
        events.push('seed');
      }
    }
    const orders = new NotingResource('orders', events);
    const dataSource = {
      options: { driver: { [DTX_RESOURCE]: new NotingResource('stock', events) } },
    };
    const { app, log } = await build({
      providers: [Seeder, pool(orders), { provide: 'DataSource', useValue: dataSource }],
    });

    await app.init();

    expect(events).toEqual(['start orders', 'start stock', 'seed']);
    expect(log.of('DtxModule')).toEqual([
      'warn Table audit of orders has no primary key.',
      'warn Table audit of stock has no primary key.',
      'log 0 @GlobalTransactional methods in 0 classes; resources: ' +
        'orders (noting, 4 tables), stock (noting, 4 tables)',
    ]);
    await app.close();
  });

  it('starts a resource once, however many providers lead to it', async () => {
    const events: string[] = [];
    const orders = new NotingResource('orders', events);
    const { app } = await build({ providers: [pool(orders, 'POOL'), pool(orders, 'SAME_POOL')] });

    await app.init();

    expect(events).toEqual(['start orders']);
    await app.close();
  });

  it('tells a resource what it works with', async () => {
    const orders = new NotingResource('orders', []);
    const { app, manager } = await build({ providers: [pool(orders)] });

    await app.init();
    const xid = await manager.run({ name: 'probe' }, async () => currentXid() ?? '');

    expect(orders.host?.applicationId).toBe('test-app');
    await expect(orders.host?.client.status({ xid })).resolves.toMatchObject({ name: 'probe' });
    await app.close();
  });

  it('starts nothing when two resources have one id', async () => {
    const events: string[] = [];
    const { app } = await build({
      providers: [
        pool(new NotingResource('orders', events), 'FIRST'),
        pool(new NotingResource('orders', events), 'SECOND'),
      ],
    });

    await expect(app.init()).rejects.toThrow(DuplicateResourceError);
    expect(events).toEqual([]);
    await app.close();
  });

  it('stops what it has started when it fails, and lets go of the coordinator', async () => {
    const events: string[] = [];
    const failure = new Error('the database is down');
    const { app, manager } = await build({
      providers: [
        pool(new NotingResource('orders', events), 'FIRST'),
        pool(new NotingResource('stock', events, failure), 'SECOND'),
        pool(new NotingResource('never', events), 'THIRD'),
      ],
    });

    await expect(app.init()).rejects.toBe(failure);

    expect(events).toEqual([
      'start orders',
      'start stock',
      'stop stock, coordinator there',
      'stop orders, coordinator there',
    ]);
    await expect(manager.begin()).rejects.toMatchObject({ code: 'DTX_ERR_TC_CLOSED' });
    await app.close();
    expect(events).toHaveLength(4);
  });

  it('can be repeated by another application after it failed', async () => {
    const store = freshStore();
    const failing = pool(new NotingResource('orders', [], new Error('the database is down')));
    const first = await build({ providers: [failing], store });
    await first.app.init().catch(() => 'expected');
    const second = await build({ providers: [pool(new NotingResource('orders', []))], store });

    await second.app.init();

    await expect(second.manager.run({ name: 'probe' }, async () => 'ran')).resolves.toBe('ran');
    await second.app.close();
  });
});

describe('the shutdown', () => {
  it.each(['before', 'after'])(
    'stops resources before data sources are destroyed by a global module imported %s ours',
    async (place) => {
      const events: string[] = [];
      @Injectable()
      class DataSourceOwner implements OnApplicationShutdown {
        onApplicationShutdown(): void {
          events.push('data source destroyed');
        }
      }
      @Global()
      @Module({ providers: [DataSourceOwner], exports: [DataSourceOwner] })
      class OwnerModule {}
      const { module } = recordedDtx();
      const testing = await Test.createTestingModule({
        imports: place === 'before' ? [OwnerModule, module] : [module, OwnerModule],
        providers: [pool(new NotingResource('orders', events))],
      })
        .setLogger(new LogLines())
        .compile();
      const app = testing.createNestApplication();
      await app.init();

      await app.close();

      expect(events).toEqual([
        'start orders',
        'stop orders, coordinator there',
        'data source destroyed',
      ]);
      await expect(app.get(TransactionManager).begin()).rejects.toMatchObject({
        code: 'DTX_ERR_TC_CLOSED',
      });
    },
  );

  it('waits for transactions that are under way, and lets them commit', async () => {
    const events: string[] = [];
    const { app, manager, transcript } = await build({
      providers: [pool(new NotingResource('orders', events))],
    });
    await app.init();
    const [begun, work] = [gate(), gate()];
    const outcome = manager.run({ name: 'slow' }, async () => {
      begun.open();
      await work.opened;
      // What is under way may still begin what it needs.
      await manager.run({ name: 'late', propagation: 'REQUIRES_NEW' as never }, async () => 'ran');
      return 'done';
    });
    await begun.opened;

    const closing = app.close().then(() => events.push('closed'));
    work.open();

    await expect(outcome).resolves.toBe('done');
    await closing;
    expect(transcript).toEqual(['begin slow', 'begin late', 'commit late', 'commit slow']);
    expect(events).toEqual(['start orders', 'stop orders, coordinator there', 'closed']);
  });

  it('waits for requests that take part in the transaction of another application', async () => {
    const events: string[] = [];
    const [arrived, work] = [gate(), gate()];
    @Controller('stock')
    class StockController {
      @Post()
      async deduct(): Promise<void> {
        arrived.open();
        await work.opened;
        events.push('request handled');
      }
    }
    const { app } = await build({
      providers: [pool(new NotingResource('stock', events))],
      controllers: [StockController],
    });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const response = supertest(url).post('/stock').set('TX_XID', 'a'.repeat(32)).then();
    await arrived.opened;

    const closing = app.close();
    await turnsOfTheEventLoop();
    const eventsMeanwhile = [...events];
    work.open();

    expect(eventsMeanwhile).toEqual(['start stock']);
    await expect(response).resolves.toMatchObject({ status: 201 });
    await closing;
    expect(events).toEqual(['start stock', 'request handled', 'stop stock, coordinator there']);
  });

  it('says what it gives up when the time is up', async () => {
    const { app, log } = await build({
      inFlight: { enter: () => () => undefined, idle: async () => 2 },
    });
    await app.init();

    await app.close();

    expect(log.of('DtxModule')).toContainEqual(
      expect.stringMatching(/^warn Shutting down with 2 .* under way after 10000 ms; what is/),
    );
  });

  it('tries every step, whatever became of the one before', async () => {
    const events: string[] = [];
    const stubborn = new NotingResource('stubborn', events);
    stubborn.stop = () => Promise.reject(new Error('will not stop'));
    const { app, log, manager } = await build({
      providers: [pool(new NotingResource('orders', events), 'FIRST'), pool(stubborn, 'SECOND')],
    });
    await app.init();

    await app.close();

    expect(events).toContain('stop orders, coordinator there');
    expect(log.of('DtxModule')).toContain('error Shutdown: stopping noting failed');
    await expect(manager.begin()).rejects.toMatchObject({ code: 'DTX_ERR_TC_CLOSED' });
  });

  it('is one, however often it is asked for at the same time', async () => {
    const events: string[] = [];
    const orders = new NotingResource('orders', events);
    const stopping = gate();
    const stop = orders.stop.bind(orders);
    orders.stop = () => stopping.opened.then(stop);
    const { app } = await build({ providers: [pool(orders)] });
    await app.init();
    const orchestrator = app.get(DtxOrchestrator);

    const first = orchestrator.beforeApplicationShutdown();
    const second = orchestrator.beforeApplicationShutdown();
    await turnsOfTheEventLoop();
    stopping.open();
    await Promise.all([first, second]);

    expect(events).toEqual(['start orders', 'stop orders, coordinator there']);
    await app.close();
  });

  it('may be asked for again', async () => {
    const events: string[] = [];
    const { app } = await build({ providers: [pool(new NotingResource('orders', events))] });
    await app.init();

    await Promise.all([app.close(), app.close()]);
    await app.close();

    expect(events).toEqual(['start orders', 'stop orders, coordinator there']);
  });

  it('lets go of what was used by an application that was never initialised', async () => {
    const { app, manager } = await build({});
    await manager.run({ name: 'early' }, async () => 'ran');

    await app.close();

    await expect(manager.begin()).rejects.toMatchObject({ code: 'DTX_ERR_TC_CLOSED' });
  });
});
