import { once } from 'node:events';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';

import { Controller, Get, HttpException, Sse } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { MessagePattern, Transport, ClientProxyFactory } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { GlobalTransactional, currentXid } from 'nestjs-dtx';
import {
  Observable,
  concat,
  defer,
  from,
  lastValueFrom,
  of,
  throwError,
  toArray,
  NEVER,
} from 'rxjs';
import supertest from 'supertest';

import { LogLines, recordedDtx } from './application.js';

const XID = /^[0-9a-f]{40}$/;

@Controller()
class StreamController {
  @Get('orders')
  @GlobalTransactional({ name: 'orders' })
  orders(): Observable<string | undefined> {
    return defer(() => of(currentXid()));
  }

  @GlobalTransactional({ name: 'broken' })
  @Get('broken')
  broken(): Observable<string> {
    return concat(
      of('one'),
      throwError(() => new HttpException('gone', 410)),
    );
  }

  @Sse('ticks')
  @GlobalTransactional({ name: 'ticks' })
  ticks(): Observable<{ data: string }> {
    return concat(of({ data: 'tick' }), NEVER);
  }

  @MessagePattern('numbers')
  @GlobalTransactional({ name: 'numbers' })
  numbers(): Observable<number> {
    return from([1, 2, 3]);
  }

  @Get('undeclared')
  @GlobalTransactional({ name: 'undeclared' })
  undeclared(): Promise<string> {
    return of('too late') as unknown as Promise<string>;
  }
}

describe('an annotated method that returns an Observable', () => {
  let app: INestApplication;
  let transcript: readonly string[];
  let url: string;

  beforeEach(async () => {
    const recorded = recordedDtx();
    transcript = recorded.transcript;
    const testing = await Test.createTestingModule({
      imports: [recorded.module],
      controllers: [StreamController],
    })
      .setLogger(new LogLines())
      .compile();
    app = testing.createNestApplication();
    app.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  afterEach(async () => {
    await app.close();
  });

  it('answers a request from inside its transaction, after the commit', async () => {
    const response = await supertest(url).get('/orders');

    expect(response.text).toMatch(XID);
    expect(transcript).toEqual(['begin orders', 'commit orders']);
  });

  it('rolls back when the stream fails, and the error reaches the client', async () => {
    const response = await supertest(url).get('/broken');

    expect(response.status).toBe(410);
    expect(transcript).toEqual(['begin broken', 'rollback broken']);
  });

  it('rolls back when the client goes away', async () => {
    const client = get(`${url}/ticks`);
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    await once(response, 'data');

    client.destroy();

    await until(() => transcript.length === 2);
    expect(transcript).toEqual(['begin ticks', 'rollback ticks']);
  });

  it('streams the answer to a message and commits at its end', async () => {
    const [microservice] = app.getMicroservices();
    const address = microservice!.unwrap<Server>().address();
    const port = typeof address === 'object' ? address!.port : 0;
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });

    const numbers = await lastValueFrom(client.send<number>('numbers', {}).pipe(toArray()));
    await client.close();

    expect(numbers).toEqual([1, 2, 3]);
    expect(transcript).toEqual(['begin numbers', 'commit numbers']);
  });

  it('is rolled back and refused when nobody has declared it', async () => {
    const response = await supertest(url).get('/undeclared');

    expect(response.status).toBe(500);
    expect(transcript).toEqual(['begin undeclared', 'rollback undeclared']);
  });
});

const WAIT_MS_MAX = 5_000;

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
