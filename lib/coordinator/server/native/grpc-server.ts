import type { Server, ServerCredentials } from '@grpc/grpc-js';
import type { HealthImplementation } from 'grpc-health-check';

import { CONNECT_METHOD } from '../../../protocol/wire/index.js';
import type { ConnectCall } from './client-stream.js';
import type { GrpcPeers } from './grpc-peers.js';
import { STREAMS_PER_CONNECTION_MAX } from './limits.js';
import type { NativeServerSettings, TlsOptions } from './native-server-options.js';

export interface GrpcServer {
  readonly server: Server;
  readonly health: HealthImplementation;
  readonly credentials: ServerCredentials;
}

/** What gRPC's health checks ask for: the server as a whole, and the service by its name. */
const SERVICES = ['', 'dtx.v1.CoordinatorService'];

/** The gRPC server with its two services, not listening yet. */
export function createGrpcServer(
  { grpc, health }: GrpcPeers,
  settings: NativeServerSettings,
  onCall: (call: ConnectCall) => void,
): GrpcServer {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': settings.frameBytesMax,
    // What is sent has bounds of our own, and is larger than the default of gRPC.
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION_MAX,
    'grpc.max_connection_idle_ms': settings.unusedMs,
    // Streams have their heartbeat; this is for connections that carry none of ours.
    'grpc.keepalive_time_ms': settings.unusedMs,
    'grpc.keepalive_timeout_ms': settings.unusedMs,
    // Statistics that nobody asks for, kept for each frame.
    'grpc.enable_channelz': 0,
  });
  server.addService({ Connect: CONNECT_METHOD }, { Connect: onCall });
  const healthOfAll = new health.HealthImplementation(
    Object.fromEntries(SERVICES.map((service) => [service, 'SERVING' as const])),
  );
  healthOfAll.addToServer(server);
  return { server, health: healthOfAll, credentials: credentialsOf(grpc, settings.tls) };
}

export function stopServing(health: HealthImplementation): void {
  for (const service of SERVICES) health.setStatus(service, 'NOT_SERVING');
}

function credentialsOf(
  { ServerCredentials: credentials }: GrpcPeers['grpc'],
  tls: TlsOptions | undefined,
): ServerCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { ca, cert, key } = tls;
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
  const isMutual = ca !== undefined;
  return credentials.createSsl(isMutual ? Buffer.from(ca) : null, [pair], isMutual);
}
