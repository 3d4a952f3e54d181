import 'reflect-metadata';
import { HttpModule, HttpService } from '@nestjs/axios';
import {
  Body,
  Catch,
  Controller,
  Get,
  HttpException,
  Injectable,
  Module,
  Post,
  UseGuards,
} from '@nestjs/common';
import type {
  ArgumentsHost,
  CanActivate,
  INestApplication,
  MiddlewareConsumer,
  NestModule,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { ServerResponse } from 'node:http';
import { firstValueFrom } from 'rxjs';

import { inboundHttp, installOutgoingHttp } from '../../../lib/propagation/index.js';
import type { XidRefusal } from '../../../lib/propagation/index.js';
import { currentXid } from '../../../lib/transaction/index.js';
import { participantManager } from './fixtures.js';

// A bound for a machine that is busy with other things; alone, a test takes under two seconds.
jest.setTimeout(30_000);

let guardXid: string | undefined;

@Injectable()
class SeeingGuard implements CanActivate {
  canActivate(): boolean {
    guardXid = currentXid();
    return true;
  }
}

@Controller()
@UseGuards(SeeingGuard)
class XidController {
  constructor(private readonly http: HttpService) {}

  @Get('xid')
  get(): object {
    return { xid: currentXid() ?? null };
  }

  @Post('xid')
  async post(@Body() body: object): Promise<object> {
    await Promise.resolve();
    return { xid: currentXid() ?? null, size: JSON.stringify(body).length };
  }

  @Post('pass-on')
  async passOn(@Body() { url }: { url: string }): Promise<object> {
    return (await firstValueFrom(this.http.get<object>(url))).data;
  }
}

const manager = participantManager();
let toHttpError: ((refusal: XidRefusal) => unknown) | undefined;

@Module({ imports: [HttpModule], controllers: [XidController] })
class AppModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(inboundHttp(manager, {}, toHttpError)).forRoutes('{*splat}');
  }
}

const toHttpException = (refusal: XidRefusal): HttpException =>
  new HttpException(refusal, refusal.statusCode);

@Catch(HttpException)
class TeapotFilter {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const response: { raw?: ServerResponse } & ServerResponse = host.switchToHttp().getResponse();
    const raw = response.raw ?? response;
    raw.statusCode = 418;
    raw.end(JSON.stringify(exception.getResponse()));
  }
}

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('under Nest with %s', (_name, adapter) => {
  let app: INestApplication | undefined;
  let release: () => void;

  beforeAll(() => {
    release = installOutgoingHttp(manager, {});
  });
  afterAll(() => {
    release();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    toHttpError = undefined;
  });

  async function start(...filters: object[]): Promise<string> {
    app = await NestFactory.create(AppModule, adapter(), { logger: false });
    app.useGlobalFilters(...(filters as TeapotFilter[]));
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  }

  const post = (body: unknown, xid?: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(xid && { tx_xid: xid }) },
    body: JSON.stringify(body),
  });

  it('handler and guard run in the transaction of the header', async () => {
    const url = await start();
    const response = await fetch(`${url}/xid`, { headers: { tx_xid: 'x1' } });
    expect(await response.json()).toEqual({ xid: 'x1' });
    expect(guardXid).toBe('x1');
  });

  it('a handler with a large body does, too', async () => {
    const url = await start();
    const response = await fetch(`${url}/xid`, post({ text: 'a'.repeat(90_000) }, 'x1'));
    expect(await response.json()).toEqual({ xid: 'x1', size: 90_011 });
  });

  it('a request without header runs outside', async () => {
    const url = await start();
    await fetch(`${url}/xid`, { headers: { tx_xid: 'x1' } });
    const response = await fetch(`${url}/xid`, post({}));
    expect(await response.json()).toMatchObject({ xid: null });
  });

  it('HttpService passes the xid on', async () => {
    const url = await start();
    const response = await fetch(`${url}/pass-on`, post({ url: `${url}/xid` }, 'x1'));
    expect(await response.json()).toEqual({ xid: 'x1' });
  });

  it.each([
    ['by itself', undefined],
    ['by an HttpException', toHttpException],
  ])('a malformed header is answered with 400 %s', async (_how, convert) => {
    toHttpError = convert;
    const url = await start();
    const response = await fetch(`${url}/xid`, { headers: { tx_xid: 'a b' } });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual({
      statusCode: 400,
      code: 'DTX_ERR_BAD_XID',
      message: expect.stringContaining('"a b" is not an xid') as string,
    });
  });

  it('exception filters of the application see an HttpException', async () => {
    toHttpError = toHttpException;
    const url = await start(new TeapotFilter());
    const response = await fetch(`${url}/xid`, { headers: { tx_xid: 'a b' } });
    expect(response.status).toBe(418);
    expect(await response.json()).toMatchObject({ code: 'DTX_ERR_BAD_XID' });
  });
});
