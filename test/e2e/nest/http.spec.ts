import {
  Catch,
  Controller,
  Get,
  HttpException,
  Injectable,
  Post,
  UseGuards,
  VersioningType,
} from '@nestjs/common';
import type { ArgumentsHost, CanActivate, INestApplication } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  GlobalTransactional,
  TransactionManager,
  currentTransaction,
  currentXid,
} from 'nestjs-dtx';
import type { DtxModuleOptions } from 'nestjs-dtx';
import supertest from 'supertest';

import { LogLines, freshStore, recordedDtx } from './application.js';

const seenByGuard: (string | undefined)[] = [];

@Injectable()
class NotingGuard implements CanActivate {
  canActivate(): boolean {
    seenByGuard.push(currentXid());
    return true;
  }
}

@Controller('stock')
@UseGuards(NotingGuard)
class StockController {
  @Get()
  root(): object {
    return { xid: currentXid(), role: currentTransaction()?.role };
  }

  @Get('deep/:sku/rest')
  deep(): object {
    return { xid: currentXid() };
  }

  @Post('join')
  @GlobalTransactional({ name: 'join' })
  async join(): Promise<object> {
    return { xid: currentXid() };
  }

  @Post('fail')
  @GlobalTransactional({ name: 'fail' })
  async fail(): Promise<never> {
    throw new HttpException('out of stock', 409);
  }
}

@Injectable()
class OrderService {
  @GlobalTransactional({ name: 'place' })
  async place(url: string): Promise<{ own: string | undefined; theirs: string | undefined }> {
    const response = await fetch(url, { method: 'POST' });
    if (!response.ok) throw new Error(`the other service answered ${String(response.status)}`);
    const { xid } = (await response.json()) as { xid?: string };
    return { own: currentXid(), theirs: xid };
  }
}

const ADAPTERS = {
  Express: () => undefined,
  Fastify: () => new FastifyAdapter(),
};

interface Setup {
  readonly adapter?: keyof typeof ADAPTERS;
  readonly options?: Partial<DtxModuleOptions>;
  readonly configure?: (app: INestApplication) => void;
}

const opened: INestApplication[] = [];

beforeEach(() => {
  seenByGuard.length = 0;
});

afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});

async function start({ adapter = 'Express', options = {}, configure }: Setup = {}) {
  const log = new LogLines();
  const { module, transcript } = recordedDtx(options);
  const testing = await Test.createTestingModule({
    imports: [module],
    controllers: [StockController],
    providers: [OrderService],
  })
    .setLogger(log)
    .compile();
  const http = ADAPTERS[adapter]();
  const app =
    http === undefined ? testing.createNestApplication() : testing.createNestApplication(http);
  opened.push(app);
  configure?.(app);
  await app.listen(0, '127.0.0.1');
  return { app, log, transcript, url: await app.getUrl() };
}

const xid = 'a'.repeat(32);

describe.each(['Express', 'Fastify'] as const)(
  'an xid that arrives over HTTP, on %s,',
  (adapter) => {
    it('is joined for the whole request, guards included', async () => {
      const { url } = await start({ adapter });

      const response = await supertest(url).get('/stock').set('TX_XID', xid);

      expect(response.body).toEqual({ xid, role: 'participant' });
      expect(seenByGuard).toEqual([xid]);
    });

    it('leaves requests without one outside', async () => {
      const { url } = await start({ adapter });

      const response = await supertest(url).get('/stock');

      expect(response.body).toEqual({});
      expect(seenByGuard).toEqual([undefined]);
    });

    it.each([
      ['a deep path', undefined, '/stock/deep/a-1/rest'],
      [
        'a global prefix',
        (app: INestApplication) => app.setGlobalPrefix('api/v7'),
        '/api/v7/stock',
      ],
      [
        'a route that is excluded from the global prefix',
        (app: INestApplication) =>
          app.setGlobalPrefix('api', { exclude: ['stock/deep/:sku/rest'] }),
        '/stock/deep/a-1/rest',
      ],
      [
        'a version in the path',
        (app: INestApplication) =>
          app.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' }),
        '/v2/stock',
      ],
      [
        'a version and a prefix',
        (app: INestApplication) =>
          app
            .setGlobalPrefix('api')
            .enableVersioning({ type: VersioningType.URI, defaultVersion: '2' }),
        '/api/v2/stock/deep/a-1/rest',
      ],
    ])('is found under %s', async (_where, configure, path) => {
      const { log, url } = await start({ adapter, ...(configure && { configure }) });

      const response = await supertest(url).get(path).set('TX_XID', xid);

      expect(response.body).toMatchObject({ xid });
      expect(seenByGuard).toEqual([xid]);
      expect(log.of('LegacyRouteConverter')).toEqual([]);
    });

    it('is refused with status 400 when it is no xid, through exception filters', async () => {
      const filtered: unknown[] = [];
      @Catch()
      class NotingFilter extends BaseExceptionFilter {
        override catch(exception: unknown, host: ArgumentsHost): void {
          filtered.push(exception);
          super.catch(exception, host);
        }
      }
      const { url } = await start({
        adapter,
        configure: (app) => app.useGlobalFilters(new NotingFilter(app.getHttpAdapter())),
      });

      const response = await supertest(url).get('/stock').set('TX_XID', 'not an xid');

      expect(response.status).toBe(400);
      expect(response.body).toMatchObject({ statusCode: 400, code: 'DTX_ERR_BAD_XID' });
      expect(filtered).toEqual([expect.any(HttpException)]);
      expect(seenByGuard).toEqual([]);
    });

    it('is ignored where incoming is off', async () => {
      const { url } = await start({ adapter, options: { http: { incoming: false } } });

      const response = await supertest(url).get('/stock').set('TX_XID', xid);

      expect(response.body).toEqual({});
    });
  },
);

describe('a call from one application to another', () => {
  it('takes part in the transaction of the caller', async () => {
    const store = { coordinator: { store: freshStore() } };
    const orders = await start({ options: { applicationId: 'orders', ...store } });
    const stock = await start({ options: { applicationId: 'stock', ...store } });

    const { own, theirs } = await orders.app.get(OrderService).place(`${stock.url}/stock/join`);

    expect(own).toMatch(/^[0-9a-f]{40}$/);
    expect(theirs).toBe(own);
    expect(orders.transcript).toEqual(['begin place', 'commit place']);
    expect(stock.transcript).toEqual([]);
  });

  it('begins one of its own where outgoing is off', async () => {
    const orders = await start({ options: { http: { outgoing: false } } });
    const stock = await start();

    const { own, theirs } = await orders.app.get(OrderService).place(`${stock.url}/stock/join`);

    expect(theirs).not.toBe(own);
    expect(stock.transcript).toEqual(['begin join', 'commit join']);
  });

  it('cannot be committed after it failed there, even if the error is swallowed', async () => {
    const store = { coordinator: { store: freshStore() } };
    const orders = await start({ options: { applicationId: 'orders', ...store } });
    const stock = await start({ options: { applicationId: 'stock', ...store } });

    const outcome = orders.app.get(TransactionManager).run({ name: 'careless' }, async () => {
      await fetch(`${stock.url}/stock/fail`, { method: 'POST' });
    });

    await expect(outcome).rejects.toMatchObject({ code: 'DTX_ERR_TM_ROLLBACK_ONLY' });
    await expect(outcome).rejects.toThrow(/fail failed: out of stock/);
    expect(orders.transcript).not.toContain('commit careless');
  });
});
