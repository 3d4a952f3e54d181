import { Module } from '@nestjs/common';
import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DtxModule, TransactionManager } from 'nestjs-dtx';

import type { ConformanceCarrier, Receiving, Sending } from './carrier.interface.js';
import type { Ledger } from './ledger.js';
import { Receiver, SeeingGuard } from './receiver.js';

/** What a world stands on. */
export interface Ground {
  /** Where the coordinator of both applications keeps its state. */
  readonly store: string;
  /** A new ledger, whose id is unique in this world. */
  openLedger(resourceId: string): Promise<Ledger>;
}

/** A sending and a receiving application, with a carrier between them. */
export interface World {
  readonly transactions: TransactionManager;
  readonly sending: Sending;
  readonly receiver: Receiver;
  /** Of the sender. */
  readonly here: Ledger;
  /** Of the receiver. */
  readonly there: Ledger;
  takeWire(): string;
  close(): Promise<void>;
}

export async function openWorld(carrier: ConformanceCarrier, ground: Ground): Promise<World> {
  const [here, there] = [await ground.openLedger('here'), await ground.openLedger('there')];
  const receiver = new Receiver(there);
  const receiving = await carrier.receive(receivingModule(ground, there, receiver));
  const sender = await openSender(carrier, ground, here, receiving);
  return {
    transactions: sender.get(TransactionManager),
    sending: carrier.sending(sender),
    receiver,
    here,
    there,
    takeWire: () => receiving.takeWire(),
    close: async () => {
      await sender.close();
      await receiving.close();
    },
  };
}

/** Nest tells modules apart by their classes: those of the two applications have one each. */
@Module({})
class ReceivingModule {}

@Module({})
class SendingModule {}

function receivingModule(ground: Ground, ledger: Ledger, receiver: Receiver): DynamicModule {
  return {
    module: ReceivingModule,
    global: true,
    imports: [dtxModule('receiver', ground)],
    providers: [
      { provide: 'LEDGER', useValue: ledger.source },
      { provide: Receiver, useValue: receiver },
      SeeingGuard,
    ],
    exports: [Receiver, SeeingGuard],
  };
}

async function openSender(
  carrier: ConformanceCarrier,
  ground: Ground,
  ledger: Ledger,
  { address }: Receiving,
): Promise<INestApplicationContext> {
  const module: DynamicModule = {
    module: SendingModule,
    imports: [dtxModule('sender', ground), ...carrier.clientModules(address)],
    providers: [{ provide: 'LEDGER', useValue: ledger.source }],
  };
  return NestFactory.createApplicationContext(module, QUIET);
}

const dtxModule = (applicationId: string, { store }: Ground): DynamicModule =>
  DtxModule.forRoot({ applicationId, coordinator: { store } });

/** For applications of the suite: handlers that fail on purpose would fill the log. */
export const QUIET = { logger: false, abortOnError: false } as const;
