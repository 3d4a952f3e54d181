import { currentTransaction } from '../../transaction/index.js';
import { LINKED_XID_KEY, XID_KEY, keyOf } from './message-xid.js';
import { outgoingXid } from './message-policies.js';

interface Serializer {
  serialize(packet: unknown, ...rest: unknown[]): unknown;
}

interface PacketClient {
  serializer?: Serializer;
}

/** Ours, so that none is put around another. */
const chainedSerializers = new WeakSet<Serializer>();

/**
 * Has the packets of a client carry the xid: its own serializer gets them with the metadata. The
 * hook for that, which Nest 12 has, holds one function, and that is the application's.
 */
export function adoptPacketClient(client: PacketClient): void {
  const { serializer } = client;
  if (serializer === undefined || chainedSerializers.has(serializer)) return;
  const chained: Serializer = {
    serialize: (packet, ...rest) => serializer.serialize(withXid(client, packet), ...rest),
  };
  chainedSerializers.add(chained);
  client.serializer = chained;
}

interface Packet {
  readonly id?: unknown;
  readonly metadata?: unknown;
}

/** Serializing is the last thing that happens to a packet while its sender's context is there. */
function withXid(client: object, packet: unknown): unknown {
  if (typeof packet !== 'object' || packet === null) return packet;
  const { id, metadata = {} } = packet as Packet;
  // Nest gives an id to what will be answered.
  const outgoing = outgoingXid(id === undefined ? 'emit' : 'send', client);
  if (outgoing === undefined) return packet;
  if (!isRecord(metadata)) {
    warnUnsent();
    return packet;
  }
  // The application has said something itself.
  if (KEYS.some((key) => key in metadata)) return packet;
  return { ...packet, metadata: { ...metadata, [keyOf(outgoing)]: outgoing.xid } };
}

const KEYS = [XID_KEY, LINKED_XID_KEY];

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

let isWarned = false;

function warnUnsent(): void {
  if (isWarned) return;
  isWarned = true;
  currentTransaction()?.manager.log.warn(
    'A message is sent without an xid, since its metadata is not an object that one could be ' +
      'added to; so are others like it. Use an object for the metadata of packets.',
  );
}
