import { Metadata } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { Controller, Module, UseGuards } from '@nestjs/common';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, GrpcMethod, Transport } from '@nestjs/microservices';
import type { ClientGrpc, GrpcOptions } from '@nestjs/microservices';
import type { Observable } from 'rxjs';

import type { Address, ConformanceCarrier } from '../carrier.interface.js';
import { Receiver, SeeingGuard } from '../receiver.js';
import type { Call, Seen } from '../receiver.js';
import { QUIET } from '../world.js';
import { freePort } from './tcp.carrier.js';

const text = (id: number) => ({ type: 'string', id });

const rpc = { requestType: 'Call', responseType: 'Seen', comment: '' };

const packageDefinition = fromJSON(
  {
    nested: {
      conformance: {
        nested: {
          Call: { fields: { task: text(1), text: text(2) } },
          Seen: { fields: { xid: text(1), linkedXid: text(2), application: text(3) } },
          Receiver: { methods: { Handle: rpc, Stream: { ...rpc, responseStream: true } } },
        },
      },
    },
  },
  { keepCase: true, defaults: true },
);

/** The metadata of all calls: HTTP/2 compresses it, so bytes would tell nothing. */
const received: string[] = [];

@Controller()
@UseGuards(SeeingGuard)
class GrpcController {
  constructor(private readonly receiver: Receiver) {}

  @GrpcMethod('Receiver', 'Handle')
  handle(call: Call, metadata: Metadata): Promise<Seen> {
    received.push(JSON.stringify(metadata.getMap()));
    return this.receiver.handle(call);
  }

  @GrpcMethod('Receiver', 'Stream')
  stream(call: Call, metadata: Metadata): Observable<Seen> {
    received.push(JSON.stringify(metadata.getMap()));
    return this.receiver.stream(call);
  }
}

@Module({ controllers: [GrpcController] })
class GrpcReceivingModule {}

interface ReceiverService {
  handle(call: Call, metadata?: Metadata): Observable<Seen>;
  stream(call: Call): Observable<Seen>;
}

const optionsFor = ({ host, port }: Address): GrpcOptions => ({
  transport: Transport.GRPC,
  options: { url: `${host}:${String(port)}`, package: 'conformance', packageDefinition },
});

export const grpcCarrier: ConformanceCarrier = {
  name: 'gRPC',
  ways: ['client', 'request', 'stream', 'requestWithXid'],
  receive: async (application) => {
    const module: DynamicModule = { module: GrpcReceivingModule, imports: [application] };
    const address = { host: '127.0.0.1', port: await freePort() };
    const app: INestMicroservice = await NestFactory.createMicroservice(module, {
      ...QUIET,
      ...optionsFor(address),
    });
    await app.listen();
    return {
      address,
      takeWire: () => received.splice(0).join('\n'),
      close: () => app.close(),
    };
  },
  clientModules: (address) => [
    ClientsModule.register([{ name: 'CLIENT', ...optionsFor(address) }]),
  ],
  sending: (sender) => {
    const client = sender.get<ClientGrpc>('CLIENT', { strict: false });
    const service = client.getService<ReceiverService>('Receiver');
    return {
      client,
      request: (call) => service.handle(call),
      stream: (call) => service.stream(call),
      requestWithXid: (xid, call) => {
        const metadata = new Metadata();
        metadata.set('tx_xid', xid);
        return service.handle(call, metadata);
      },
    };
  },
};
