import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import type { Observable } from 'rxjs';

import type { Call, Seen } from './receiver.js';

/**
 * What the suite has to know of a carrier. A further one is one file that exports this, and a line
 * in the table of `carriers/index.ts`.
 */
export interface ConformanceCarrier {
  readonly name: string;
  /** What it can do. The cases that need more are none of its business. */
  readonly ways: readonly Way[];
  /**
   * Starts an application whose handlers pass what comes to its Receiver, and which has the guard.
   *
   * @param application provides Receiver and SeeingGuard to all modules
   */
  receive(application: DynamicModule): Promise<Receiving>;
  /** What the sending application imports. */
  clientModules(address: Address): readonly DynamicModule[];
  /** How the sending application sends. */
  sending(sender: INestApplicationContext): Sending;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Receiving {
  readonly address: Address;
  /** What has come in since the last call, as close to the wire as one gets. */
  takeWire(): string;
  close(): Promise<void>;
}

export type Way = keyof Sending;

/** The ways of a carrier. */
export interface Sending {
  /** What propagateXid() is called with. */
  readonly client?: object;
  /** Fails when the handler has. */
  request?(call: Call): Observable<Seen>;
  /** Answered by STREAM_LENGTH values. */
  stream?(call: Call): Observable<Seen>;
  /** Not answered; it has two handlers. */
  event?(call: Call): Observable<unknown>;
  /** A request whose sender has put a text of its own where the xid is. */
  requestWithXid?(xid: string, call: Call): Observable<Seen>;
}
