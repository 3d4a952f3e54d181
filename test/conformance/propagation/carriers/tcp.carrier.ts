import { Module } from '@nestjs/common';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import type { ConformanceCarrier } from '../carrier.interface.js';
import { openRelay } from '../recording-relay.js';
import { QUIET } from '../world.js';
import {
  PACKET_WAYS,
  PacketController,
  packetClients,
  packetSending,
} from './packet-controller.js';

@Module({ controllers: [PacketController] })
class TcpReceivingModule {}

const HOST = '127.0.0.1';

/** Starts an application that listens, and returns how to stop it. */
type Start = (module: DynamicModule, options: MicroserviceOptions) => Promise<Closable>;

interface Closable {
  close(): Promise<void>;
}

const asMicroservice: Start = async (module, options) => {
  const app: INestMicroservice = await NestFactory.createMicroservice(module, {
    ...QUIET,
    ...options,
  });
  await app.listen();
  return app;
};

const inHybrid =
  (hybrid: { readonly inheritAppConfig?: boolean }): Start =>
  async (module, options) => {
    const app = await NestFactory.create(module, QUIET);
    app.connectMicroservice(options, hybrid);
    await app.startAllMicroservices();
    await app.init();
    return app;
  };

export const tcpCarrier = carrierOf('Nest TCP', asMicroservice);

/** The other ways in which an application comes by a microservice. */
export const hybridCarriers: readonly ConformanceCarrier[] = [
  carrierOf('Nest TCP in a hybrid application', inHybrid({})),
  carrierOf(
    'Nest TCP in a hybrid application that shares its config',
    inHybrid({ inheritAppConfig: true }),
  ),
];

function carrierOf(name: string, start: Start): ConformanceCarrier {
  return {
    name,
    ways: PACKET_WAYS,
    receive: async (application) => {
      const module: DynamicModule = { module: TcpReceivingModule, imports: [application] };
      const port = await freePort();
      const options = { transport: Transport.TCP, options: { host: HOST, port } } as const;
      const app = await start(module, options);
      const relay = await openRelay({ host: HOST, port });
      return {
        address: relay.address,
        takeWire: () => relay.take(),
        close: async () => {
          await relay.close();
          await app.close();
        },
      };
    },
    clientModules: (address) => packetClients({ transport: Transport.TCP, options: address }),
    sending: packetSending,
  };
}

/** Nest does not tell on which port a TCP microservice listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
