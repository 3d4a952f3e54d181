import { isObservable, throwError } from 'rxjs';

import { codeOf, messageOf } from '../../protocol/index.js';
import { BoxedData } from './boxed-data.js';
import type { Around, InboundCarrier, MessageCarrier } from './carrier.interface.js';
import { LINKED_XID_KEY, XID_KEY, readMessageXid } from './message-xid.js';
import { adoptPacketClient } from './packet-client.js';
import { answeredWithin } from './within.js';

/** The names that make up a carrier whose packets are `{ pattern, data, id?, metadata? }`. */
interface PacketCarrierNames {
  readonly name: string;
  readonly transportId: number;
  readonly clientClass: string;
  readonly contextClass: string;
}

/** A Nest transport whose packets are JSON with metadata of their own. */
export function packetCarrier(names: PacketCarrierNames): MessageCarrier {
  const { name, transportId, clientClass, contextClass } = names;
  return {
    name,
    transportId,
    inbound: { ...INBOUND, packets: { contextClass, keys: [...KEYS.join, ...KEYS.link] } },
    outbound: { clientClass, around: { send, emit } },
  };
}

/** In packets of other senders the name may be in the lower case of gRPC. */
const KEYS = {
  join: [XID_KEY, XID_KEY.toLowerCase()],
  link: [LINKED_XID_KEY, LINKED_XID_KEY.toLowerCase()],
};

const INBOUND: InboundCarrier = {
  read: (args) => {
    const metadata = metadataOf(args);
    if (typeof metadata !== 'object' || metadata === null) return undefined;
    return readMessageXid(KEYS, (key) => (metadata as Readonly<Record<string, unknown>>)[key]);
  },
  // The form in which Nest sends an RpcException. It is not thrown: Nest would answer nothing then.
  refuse: (_args, error) =>
    throwError(() => ({ status: 'error', code: codeOf(error), message: messageOf(error) })),
};

const send: Around = (client, call) => {
  adoptPacketClient(client);
  const answers = call();
  return isObservable(answers) ? answeredWithin(answers) : answers;
};

const emit: Around = (client, call) => {
  adoptPacketClient(client);
  return call();
};

function metadataOf(args: readonly unknown[]): unknown {
  const box = args.find((arg) => arg instanceof BoxedData);
  if (box !== undefined) return box.metadata;
  const context = args.at(-1);
  return hasMetadata(context) ? context.getMetadata() : undefined;
}

const hasMetadata = (value: unknown): value is { getMetadata(): unknown } =>
  typeof value === 'object' &&
  value !== null &&
  'getMetadata' in value &&
  typeof value.getMetadata === 'function';
