import { Module } from '@nestjs/common';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import type { MicroserviceOptions } from '@nestjs/microservices';

import type { Address, ConformanceCarrier } from '../carrier.interface.js';
import { openRelay } from '../recording-relay.js';
import { QUIET } from '../world.js';
import {
  PACKET_WAYS,
  PacketController,
  packetClients,
  packetSending,
} from './packet-controller.js';

@Module({ controllers: [PacketController] })
class RedisReceivingModule {}

/** A Redis server, as its clients take it. */
export interface RedisServer extends Address {
  readonly password?: string;
}

export function redisCarrier({ password, ...server }: RedisServer): ConformanceCarrier {
  const optionsFor = (address: Address) =>
    ({
      transport: Transport.REDIS,
      options: { ...address, ...(password !== undefined && { password }) },
    }) as const;
  return {
    name: 'Nest Redis',
    ways: PACKET_WAYS,
    receive: async (application) => {
      const module: DynamicModule = { module: RedisReceivingModule, imports: [application] };
      const options: MicroserviceOptions = optionsFor(server);
      const app: INestMicroservice = await NestFactory.createMicroservice(module, {
        ...QUIET,
        ...options,
      });
      await app.listen();
      // What senders publish is what receivers get.
      const relay = await openRelay(server);
      return {
        address: relay.address,
        takeWire: () => relay.take(),
        close: async () => {
          await relay.close();
          await app.close();
        },
      };
    },
    clientModules: (address) => packetClients(optionsFor(address)),
    sending: packetSending,
  };
}
