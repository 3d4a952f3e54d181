import { boxing, isDeserializer } from './boxed-data.js';
import type { InboundCarrier } from './carrier.interface.js';
import { MESSAGE_CARRIERS } from './carriers.js';
import { transactionalHandler } from './inbound-handler.js';
import type { MessageHandler, MessageHost } from './inbound-handler.js';

/** What `@nestjs/microservices` exports. */
export type Microservices = Readonly<Record<string, unknown>>;

/** A server of a Nest microservice, as far as it matters here. */
interface MessageServer {
  readonly transportId?: unknown;
  deserializer?: unknown;
  addHandler(pattern: unknown, callback: MessageHandler, isEvent?: boolean, extras?: unknown): void;
}

const adopted = new WeakSet<object>();

/**
 * Puts the handlers of a server, which it is about to get, into the transactions of their messages.
 * Servers of other carriers are left as they are.
 *
 * @returns whether it looks as a server should
 */
export function adoptServer(
  server: unknown,
  host: MessageHost,
  microservices: Microservices,
): boolean {
  if (!isServer(server)) return false;
  const carrier = MESSAGE_CARRIERS.find(({ transportId }) => transportId === server.transportId);
  if (carrier === undefined || adopted.has(server)) return true;
  adopted.add(server);
  const { inbound } = carrier;
  const addHandler = server.addHandler.bind(server);
  server.addHandler = (pattern, callback, isEvent = false, ...extras) => {
    const what = typeof pattern === 'string' ? pattern : JSON.stringify(pattern);
    const registration = { carrier: inbound, host, what, isEvent };
    addHandler(pattern, transactionalHandler(callback, registration), isEvent, ...extras);
  };
  return tellsMetadata(inbound, microservices) || boxMetadata(server, inbound);
}

function isServer(value: unknown): value is MessageServer {
  if (typeof value !== 'object' || value === null || !('addHandler' in value)) return false;
  return typeof value.addHandler === 'function';
}

/** Whether handlers of this version of Nest can see the metadata of a message by themselves. */
function tellsMetadata({ packets }: InboundCarrier, microservices: Microservices): boolean {
  if (packets === undefined) return true;
  const type = microservices[packets.contextClass];
  return typeof type === 'function' && 'getMetadata' in (type.prototype as object);
}

function boxMetadata(server: MessageServer, { packets }: InboundCarrier): boolean {
  if (!isDeserializer(server.deserializer)) return false;
  server.deserializer = boxing(server.deserializer, packets?.keys ?? []);
  return true;
}
