import type * as grpcJs from '@grpc/grpc-js';

import { InvalidOptionError, messageOf } from '../../protocol/index.js';
import { CONNECT_METHOD, SERVER_FRAME_BYTES_MAX } from '../../protocol/wire/index.js';
import { dialTrouble } from './dial-trouble.js';
import type {
  Dial,
  FrameStream,
  FrameStreamEvents,
  NodeAddress,
} from './frame-stream.interface.js';
import type { TlsOptions } from './options.js';
import { SocketTap } from './socket-tap.js';

export type GrpcModule = typeof grpcJs;

const OPTIONS: grpcJs.ChannelOptions = {
  'grpc.max_receive_message_length': SERVER_FRAME_BYTES_MAX,
  'grpc.max_send_message_length': -1,
  // A stream cannot be tried again by somebody who does not know what it has carried.
  'grpc.enable_retries': 0,
  // Whoever dials anew wants a new connection, not the pause of one that has just failed.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  // Each node is reached by its own address; a proxy of the web would stand in between.
  'grpc.enable_http_proxy': 0,
};

/**
 * Streams over gRPC, each on a connection of its own.
 *
 * @param tls undefined where no address wants it
 * @throws InvalidOptionError the certificates cannot be read
 */
export function grpcDial(grpc: GrpcModule, tls: TlsOptions | undefined): Dial {
  const plain = grpc.credentials.createInsecure();
  const secure = tls === undefined ? plain : secureBy(grpc, tls);
  return (address, events) => {
    const tap = new SocketTap(address.isTls ? secure : plain);
    const options = { ...OPTIONS, ...namesOf(address, tls) };
    const client = new grpc.Client(targetOf(address), tap.credentials, options);
    const hangUp = (): void => {
      client.close();
      tap.close();
    };
    return streamOf(client, address, events, hangUp);
  };
}

function targetOf({ ip, port }: NodeAddress): string {
  return ip.includes(':') ? `ipv6:[${ip}]:${String(port)}` : `ipv4:${ip}:${String(port)}`;
}

function secureBy(grpc: GrpcModule, { ca, cert, key }: TlsOptions): grpcJs.ChannelCredentials {
  try {
    return grpc.credentials.createSsl(bytesOf(ca), bytesOf(key), bytesOf(cert));
  } catch (error) {
    throw new InvalidOptionError({
      option: 'coordinator.tls',
      value: messageOf(error),
      fix: 'Give ca, cert and key as PEM: their texts, not the names of files.',
    });
  }
}

function namesOf(
  { host, ip, isTls, port }: NodeAddress,
  tls: TlsOptions | undefined,
): grpcJs.ChannelOptions {
  const authority = {
    'grpc.default_authority': `${host.includes(':') ? `[${host}]` : host}:${String(port)}`,
  };
  const name = tls?.serverName ?? host;
  if (!isTls || name === ip) return authority;
  return { ...authority, 'grpc.ssl_target_name_override': name };
}

function streamOf(
  client: grpcJs.Client,
  { isTls }: NodeAddress,
  events: FrameStreamEvents,
  hangUp: () => void,
): FrameStream {
  const call = client.makeBidiStreamRequest<Uint8Array, Buffer>(
    CONNECT_METHOD.path,
    CONNECT_METHOD.requestSerialize,
    CONNECT_METHOD.responseDeserialize,
    {},
  );
  call.on('data', (frame: Buffer) => {
    events.onFrame(frame);
  });
  call.on('drain', () => {
    events.onDrain();
  });
  // The status says the same; without a listener it would end the process.
  call.on('error', () => undefined);
  call.on('status', ({ details }: grpcJs.StatusObject) => {
    hangUp();
    const isEnded = details === '' || details === 'OK';
    events.onClosed(isEnded ? 'the node has ended it' : dialTrouble(details, isTls));
  });
  return {
    write: (frame) => call.write(frame),
    end: () => void call.end(),
    cancel: () => {
      call.cancel();
      hangUp();
    },
  };
}

function bytesOf(pem: string | Buffer | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}
