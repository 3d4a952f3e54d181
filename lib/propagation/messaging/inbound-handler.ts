import { messageOf } from '../../protocol/index.js';
import type { TransactionManager } from '../../transaction/index.js';
import { unboxed } from './boxed-data.js';
import type { InboundCarrier } from './carrier.interface.js';
import { MessagePart } from './message-part.js';
import type { MessageXid } from './message-xid.js';
import { runBeside } from './within.js';

/** The application that messages are handled in. */
export interface MessageHost {
  readonly manager: TransactionManager;
  /** Whether the xid of a message is believed. */
  readonly incoming: boolean;
  /** Begins a piece of work that a shutdown waits for. */
  readonly enter: () => () => void;
}

/** A handler as Nest registers it. Handlers of the same event are a chain. */
export interface MessageHandler {
  (...args: unknown[]): unknown;
  next?: MessageHandler | undefined;
}

/** One registration of a handler. */
export interface Registration {
  readonly carrier: InboundCarrier;
  readonly host: MessageHost;
  /** The pattern, for messages. */
  readonly what: string;
  readonly isEvent: boolean;
}

/** What each of our handlers stands for. */
const originals = new WeakMap<MessageHandler, MessageHandler>();

/**
 * A handler that runs in the transaction of its message. It is around all that Nest does for the
 * message, so guards, pipes, interceptors and filters run in the transaction, too.
 */
export function transactionalHandler(
  original: MessageHandler,
  registration: Registration,
): MessageHandler {
  const handler: MessageHandler = (...args) => handle(original, args, registration);
  originals.set(handler, original);
  return chained(handler, original);
}

function handle(original: MessageHandler, given: unknown[], registration: Registration): unknown {
  const { carrier, host, what } = registration;
  const args = given.map(unboxed);
  const call = (sent: readonly unknown[]): unknown => original(...sent);
  let message: MessageXid | undefined;
  try {
    message = host.incoming ? carrier.read(given) : undefined;
  } catch (error) {
    if (!registration.isEvent) return runBeside(undefined, () => carrier.refuse(args, error));
    // Nobody waits for an answer, so the event is not lost for it.
    host.manager.log.warn(
      `Event ${what} is handled outside any global transaction: ${messageOf(error)}`,
    );
  }
  if (message?.mode !== 'join') return runBeside(message?.xid, () => call(args));
  const part = new MessagePart(host.manager.join(message.xid), what, host.enter());
  return part.run(carrier.open?.(args, part) ?? args, call);
}

/**
 * Nest appends a handler of an event to the last one, which then calls it: with what Nest itself
 * has called, or the others would not be called at all. They are in the context of the first then.
 */
function chained(handler: MessageHandler, original: MessageHandler): MessageHandler {
  let following: MessageHandler | undefined;
  return Object.defineProperty(handler, 'next', {
    enumerable: true,
    configurable: true,
    get: () => following,
    set: (next: MessageHandler | undefined) => {
      following = next;
      original.next = next && (originals.get(next) ?? next);
    },
  });
}
