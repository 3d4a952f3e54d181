import { type RedisOptions, type TcpClientOptions, Transport } from '@nestjs/microservices';

/** How messages go to the payment service: through a Redis server, or straight to its port. */
export interface MessageTransport {
  readonly kind: 'redis' | 'tcp';
  readonly host: string;
  readonly port: number;
  readonly password?: string;
}

const RECONNECTS_MAX = 100;
const RECONNECT_MS = 100;

/** The options of Nest's client and of its server; they are the same. */
export function nestTransport(messages: MessageTransport): RedisOptions | TcpClientOptions {
  const { kind, host, port, password } = messages;
  if (kind === 'tcp') return { transport: Transport.TCP, options: { host, port } };
  const reconnect = { retryAttempts: RECONNECTS_MAX, retryDelay: RECONNECT_MS };
  return {
    transport: Transport.REDIS,
    options: { host, port, ...reconnect, ...(password !== undefined && { password }) },
  };
}
