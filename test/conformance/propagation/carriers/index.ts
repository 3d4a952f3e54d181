import type { ConformanceCarrier } from '../carrier.interface.js';
import { grpcCarrier } from './grpc.carrier.js';
import { httpCarrier } from './http.carrier.js';
import { redisCarrier } from './redis.carrier.js';
import type { RedisServer } from './redis.carrier.js';
import { hybridCarriers, tcpCarrier } from './tcp.carrier.js';

/** Those that need nothing but this process. */
export const CARRIERS: readonly ConformanceCarrier[] = [
  httpCarrier,
  grpcCarrier,
  tcpCarrier,
  ...hybridCarriers,
];

/** And those that need a broker. */
export interface Brokers {
  readonly redis?: RedisServer;
}

export const carriersWith = ({ redis }: Brokers): readonly ConformanceCarrier[] => [
  ...CARRIERS,
  ...(redis === undefined ? [] : [redisCarrier(redis)]),
];
