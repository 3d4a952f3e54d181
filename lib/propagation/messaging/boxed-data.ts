/** Metadata on its way from where a packet is deserialized to where it is handled. */
export class BoxedData {
  constructor(
    readonly data: unknown,
    readonly metadata: unknown,
  ) {}
}

/** What the handler is to get. */
export const unboxed = (arg: unknown): unknown => (arg instanceof BoxedData ? arg.data : arg);

interface Deserializer {
  deserialize(value: unknown, ...rest: unknown[]): unknown;
}

/**
 * A deserializer after which the metadata of a packet that carries an xid goes with its data. Nest
 * 11 has handlers see the data alone.
 *
 * @param keys the names of an xid; packets without are left as they are
 */
export function boxing(original: Deserializer, keys: readonly string[]): Deserializer {
  const box = (packet: unknown): unknown => boxed(packet, keys);
  return {
    deserialize: (value, ...rest) => {
      const packet = original.deserialize(value, ...rest);
      return isThenable(packet) ? packet.then(box) : box(packet);
    },
  };
}

export const isDeserializer = (value: unknown): value is Deserializer =>
  typeof value === 'object' && value !== null && 'deserialize' in value;

function boxed(packet: unknown, keys: readonly string[]): unknown {
  if (typeof packet !== 'object' || packet === null || !('metadata' in packet)) return packet;
  const { metadata, data } = packet as { metadata: unknown; data?: unknown };
  if (typeof metadata !== 'object' || metadata === null) return packet;
  if (!keys.some((key) => key in metadata)) return packet;
  return Object.assign(packet, { data: new BoxedData(data, metadata) });
}

const isThenable = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value;
