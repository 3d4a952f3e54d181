import type { MessagePart } from './message-part.js';
import type { MessageXid } from './message-xid.js';

/** A kind of connection that messages travel by. Whoever writes one needs nothing else of ours. */
export interface MessageCarrier {
  readonly name: string;
  /** Nest's number for it, which its servers have as `transportId`. */
  readonly transportId: number;
  readonly inbound: InboundCarrier;
  readonly outbound: OutboundCarrier;
}

export type HandlerArguments = readonly unknown[];

/** How the server side of a carrier tells what has come, and answers. */
export interface InboundCarrier {
  /** For carriers whose packets have metadata that a version of Nest keeps from handlers. */
  readonly packets?: {
    /** The class whose instances tell handlers of metadata, where there is a `getMetadata()`. */
    readonly contextClass: string;
    /** The names of an xid in it. */
    readonly keys: readonly string[];
  };

  /** @throws BadXidError (DTX_ERR_BAD_XID) */
  read(args: HandlerArguments): MessageXid | undefined;

  /** Refuses a request. What it returns is returned to Nest as the result of the handler. */
  refuse(args: HandlerArguments, error: unknown): unknown;

  /**
   * Ties the part to the request where the result of the handler does not say it all.
   *
   * @returns what to call the handler with
   */
  open?(args: HandlerArguments, part: MessagePart): HandlerArguments;
}

/** How the client side of a carrier is made to send the xid. */
export interface OutboundCarrier {
  /** The class of its clients, as `@nestjs/microservices` exports it. */
  readonly clientClass: string;
  /**
   * What runs around methods of that class. However a client came to be, it is adopted the first
   * time one of them is called.
   */
  readonly around: Readonly<Record<string, Around>>;
}

/** @param call calls the method; what this returns is what the caller gets */
export type Around = (client: object, call: () => unknown) => unknown;
