import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { HttpService } from '@nestjs/axios';
import { Controller, Get, type HttpException, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import axios from 'axios';
import { LockConflictError } from 'nestjs-dtx';
import request from 'supertest';
import { QueryFailedError } from 'typeorm';

import { DtxErrorFilter } from '../../../sample/01-quickstart/dtx-error.filter.js';
import { AccountClient } from '../../../sample/01-quickstart/order/account.client.js';
import { StockClient } from '../../../sample/01-quickstart/order/stock.client.js';
import { findFreePorts } from '../../../sample/support/free-ports.js';

const failed = (driverError: Error): Error => new QueryFailedError('INSERT', [], driverError);
const duplicate = Object.assign(new Error('duplicate key'), { code: '23505' });
const row = { table: 'accounts', key: 'ann', holderXid: 'x2' };
const conflict = new LockConflictError('x1', 'accounts', row, 'Try again.');

@Controller()
class FailingController {
  @Get('conflict')
  conflict(): never {
    throw failed(conflict);
  }

  @Get('duplicate')
  duplicate(): never {
    throw failed(duplicate);
  }

  @Get('other')
  other(): never {
    throw failed(new Error('disk full'));
  }
}

describe('what a service answers', () => {
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ controllers: [FailingController] }).compile();
    app = module.createNestApplication({ logger: false });
    app.useGlobalFilters(new DtxErrorFilter(app.getHttpAdapter()));
    await app.init();
  });

  afterAll(async () => {
    await app.close();
  });

  it.each([
    ['conflict', 503, { code: 'DTX_ERR_RM_LOCK_CONFLICT', retryable: true }],
    ['duplicate', 409, { code: 'ORDER_EXISTS', retryable: true }],
    ['other', 500, { message: 'Internal server error' }],
  ])('to a %s is %i', async (path, status, body) => {
    const response = await request(app.getHttpServer() as Server).get(`/${path}`);

    expect(response.status).toBe(status);
    expect(response.body).toMatchObject(body);
  });
});

describe('what the order service makes of a service', () => {
  let server: Server;
  let down: string;
  let dying: string;

  const stock = (url: string): Promise<void> =>
    new StockClient(new HttpService(axios.create()), { stock: url, account: '' }).take({
      ...{ order: 'A1', product: 'tea', quantity: 1 },
    });
  const account = (url: string): Promise<void> =>
    new AccountClient({ stock: '', account: url }).charge({
      ...{ order: 'A1', customer: 'ann', amountCents: 100, note: '' },
    });
  const failureOf = (call: Promise<void>): Promise<HttpException> =>
    call.then(
      () => {
        throw new Error('It has not failed.');
      },
      (error: unknown) => error as HttpException,
    );

  beforeAll(async () => {
    const [port = 0] = await findFreePorts(1);
    down = `http://127.0.0.1:${port}`;
    // It dies in the midst of an answer.
    server = createServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{');
      response.socket?.destroySoon();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    dying = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    server.close();
  });

  it.each([
    ['stock is down', () => stock(down), 'STOCK_UNAVAILABLE'],
    ['stock dies', () => stock(dying), 'STOCK_UNAVAILABLE'],
    ['account is down', () => account(down), 'ACCOUNT_UNAVAILABLE'],
    ['account dies', () => account(dying), 'ACCOUNT_UNAVAILABLE'],
  ])('is worth another try when %s', async (_, call, code) => {
    const failure = await failureOf(call());

    expect(failure.getStatus()).toBe(503);
    expect(failure.getResponse()).toEqual({ code, retryable: true });
  });
});
