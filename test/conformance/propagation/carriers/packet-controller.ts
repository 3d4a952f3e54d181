import { Controller, UseGuards } from '@nestjs/common';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import {
  ClientsModule,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
} from '@nestjs/microservices';
import type { ClientProviderOptions, ClientProxy } from '@nestjs/microservices';
import type { Observable } from 'rxjs';

import type { Sending, Way } from '../carrier.interface.js';
import { Receiver, SeeingGuard } from '../receiver.js';
import type { Call, Seen } from '../receiver.js';

/** A broker may be shared with others who run the suite. */
const nameOf = (pattern: string): string => `dtx-conformance.${String(process.pid)}.${pattern}`;

const CALL = nameOf('call');
const STREAM = nameOf('stream');
const EVENT = { event: nameOf('event') };

/** Handlers for Nest transports that have both requests and events. */
@Controller()
@UseGuards(SeeingGuard)
export class PacketController {
  constructor(private readonly receiver: Receiver) {}

  @MessagePattern(CALL)
  handle(@Payload() call: Call): Promise<Seen> {
    return this.receiver.handle(call);
  }

  @MessagePattern(STREAM)
  stream(@Payload() call: Call): Observable<Seen> {
    return this.receiver.stream(call);
  }

  @EventPattern(EVENT)
  handleEvent(@Payload() call: Call): Observable<Seen> {
    return this.receiver.handleEvent(call);
  }

  @EventPattern(EVENT)
  handleEventToo(@Payload() call: Call): Observable<Seen> {
    return this.receiver.handleEvent(call);
  }
}

interface ClientOptions {
  readonly transport: Transport;
  readonly options: object;
}

/** Two clients: one as an application has it, and one whose serializer says an xid of its own. */
export function packetClients(options: ClientOptions): readonly DynamicModule[] {
  const serializer = {
    serialize: (packet: object) => ({ ...packet, metadata: { TX_XID: xidByHand } }),
  };
  const byHand = { ...options, options: { ...options.options, serializer } };
  return [
    ClientsModule.register([
      { name: 'CLIENT', ...options } as ClientProviderOptions,
      { name: 'CLIENT_BY_HAND', ...byHand } as ClientProviderOptions,
    ]),
  ];
}

export const PACKET_WAYS: readonly Way[] = [
  'client',
  'request',
  'stream',
  'event',
  'requestWithXid',
];

let xidByHand = '';

export function packetSending(sender: INestApplicationContext): Sending {
  const client = sender.get<ClientProxy>('CLIENT', { strict: false });
  const byHand = sender.get<ClientProxy>('CLIENT_BY_HAND', { strict: false });
  return {
    client,
    request: (call) => client.send<Seen>(CALL, call),
    stream: (call) => client.send<Seen>(STREAM, call),
    event: (call) => client.emit<unknown>(EVENT, call),
    requestWithXid: (xid, call) => {
      xidByHand = xid;
      return byHand.send<Seen>(CALL, call);
    },
  };
}
