import { Body, Controller, HttpCode, Module, Post, UseGuards } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AddressInfo, Server } from 'node:net';
import { defer } from 'rxjs';
import type { Observable } from 'rxjs';

import type { Address, ConformanceCarrier, Sending } from '../carrier.interface.js';
import { Receiver, SeeingGuard } from '../receiver.js';
import type { Call, Seen } from '../receiver.js';
import { openRelay } from '../recording-relay.js';
import { QUIET } from '../world.js';

@Controller()
@UseGuards(SeeingGuard)
class HttpController {
  constructor(private readonly receiver: Receiver) {}

  @Post()
  @HttpCode(200)
  handle(@Body() call: Call): Promise<Seen> {
    return this.receiver.handle(call);
  }
}

@Module({ controllers: [HttpController] })
class HttpReceivingModule {}

@Module({})
class HttpSendingModule {}

export const httpCarrier: ConformanceCarrier = {
  name: 'HTTP',
  ways: ['request', 'requestWithXid'],
  receive: async (application) => {
    const module: DynamicModule = { module: HttpReceivingModule, imports: [application] };
    const app = await NestFactory.create(module, QUIET);
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
    const relay = await openRelay({ host: '127.0.0.1', port });
    return {
      address: relay.address,
      takeWire: () => relay.take(),
      close: async () => {
        await relay.close();
        await app.close();
      },
    };
  },
  clientModules: (address) => [
    { module: HttpSendingModule, providers: [{ provide: 'ADDRESS', useValue: address }] },
  ],
  sending: (sender): Sending => {
    const { host, port } = sender.get<Address>('ADDRESS', { strict: false });
    const url = `http://${host}:${String(port)}/`;
    return {
      request: (call) => post(url, call),
      requestWithXid: (xid, call) => post(url, call, { TX_XID: xid }),
    };
  },
};

function post(url: string, call: Call, headers: Record<string, string> = {}): Observable<Seen> {
  return defer(async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(call),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(answer);
    return JSON.parse(answer) as Seen;
  });
}
