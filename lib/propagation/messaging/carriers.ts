import type { MessageCarrier } from './carrier.interface.js';
import { grpcCarrier } from './grpc-carrier.js';
import { packetCarrier } from './packet-carrier.js';

/** Every carrier of messages that the xid travels by. Messages of others are left as they are. */
export const MESSAGE_CARRIERS: readonly MessageCarrier[] = [
  packetCarrier({
    name: 'TCP',
    transportId: 0,
    clientClass: 'ClientTCP',
    contextClass: 'TcpContext',
  }),
  packetCarrier({
    name: 'Redis',
    transportId: 1,
    clientClass: 'ClientRedis',
    contextClass: 'RedisContext',
  }),
  grpcCarrier,
];
