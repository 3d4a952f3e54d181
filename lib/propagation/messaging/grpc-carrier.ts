import { throwError } from 'rxjs';

import { messageOf } from '../../protocol/index.js';
import { XID_HEADERS_IN } from '../http-header.js';
import type { HandlerArguments, MessageCarrier } from './carrier.interface.js';
import { grpcInterceptor } from './grpc-interceptor.js';
import type { MessagePart } from './message-part.js';
import { LINKED_XID_KEY, readMessageXid } from './message-xid.js';

/** gRPC, by Nest's server and client. */
export const grpcCarrier: MessageCarrier = {
  name: 'gRPC',
  transportId: 4,
  inbound: { read, refuse, open },
  outbound: {
    clientClass: 'ClientGrpcProxy',
    around: {
      createClientByServiceName: (client, call) => {
        adoptGrpcClient(client);
        return call();
      },
    },
  },
};

/** `INVALID_ARGUMENT` of gRPC. */
const STATUS_INVALID_ARGUMENT = 3;

/** gRPC compares names in lower case; proxies are those of HTTP. */
const KEYS = { join: XID_HEADERS_IN, link: [LINKED_XID_KEY] };

interface Metadata {
  get(key: string): readonly unknown[];
}

/** The call on the side of the server. */
interface ServerCall {
  readonly metadata: Metadata;
  readonly cancelled?: boolean;
  once(event: string, listener: () => void): unknown;
  emit(event: string, error: unknown): unknown;
}

type Callback = (error: unknown, ...rest: unknown[]) => void;

/**
 * Nest hands over `(data, metadata, call)`, and to a handler that is passed through
 * (`@GrpcStreamCall`) `(call)` or `(call, callback)`.
 */
const callOf = (args: HandlerArguments): ServerCall | undefined => args.find(isCall);

function read(args: HandlerArguments) {
  const metadata = args.find(isMetadata) ?? callOf(args)?.metadata;
  return metadata && readMessageXid(KEYS, (key) => metadata.get(key));
}

function refuse(args: HandlerArguments, error: unknown): unknown {
  const details = messageOf(error);
  const refusal = Object.assign(new Error(details), { code: STATUS_INVALID_ARGUMENT, details });
  const [first, callback] = args;
  if (!isCall(first)) return throwError(() => refusal);
  // Passed through: Nest does not send what comes of such a handler, and falls over an error.
  if (isCallback(callback)) callback(refusal);
  else first.emit('error', refusal);
  return undefined;
}

function open(args: HandlerArguments, part: MessagePart): HandlerArguments {
  const end = (): void => {
    part.end();
  };
  const call = callOf(args);
  // Nest may not even ask for the result then.
  call?.once('cancelled', () => {
    part.abandon();
  });
  if (call?.cancelled === true) end();
  const [first, callback] = args;
  if (!isCall(first)) return args;
  part.outliveResult();
  if (!isCallback(callback)) {
    first.once('finish', end);
    first.once('close', end);
    return args;
  }
  return [first, answering(callback, part)];
}

function answering(callback: Callback, part: MessagePart): Callback {
  return (error, ...rest) => {
    if (error === null || error === undefined) {
      part.end();
      callback(error, ...rest);
      return;
    }
    void part.fail(error).then(() => {
      callback(error, ...rest);
    });
  };
}

const isCallback = (value: unknown): value is Callback => typeof value === 'function';

const isMetadata = (value: unknown): value is Metadata =>
  typeof value === 'object' &&
  value !== null &&
  'get' in value &&
  'getMap' in value &&
  typeof value.get === 'function';

const isCall = (value: unknown): value is ServerCall =>
  typeof value === 'object' && value !== null && 'metadata' in value && isMetadata(value.metadata);

interface GrpcClient {
  options?: { readonly channelOptions?: ChannelOptions };
}

interface ChannelOptions {
  readonly interceptors?: readonly unknown[];
  readonly interceptor_providers?: readonly unknown[];
}

const adopted = new WeakSet<GrpcClient>();

/** Whether its services were taken before it could be adopted. */
export function isTakenEarly(client: object): boolean {
  if (adopted.has(client) || !('getClientByServiceName' in client)) return false;
  if (!('clients' in client)) return false;
  return client.clients instanceof Map && client.clients.size > 0;
}

/** In options of its own: the application may share one object between clients. */
function adoptGrpcClient(client: GrpcClient): void {
  if (adopted.has(client)) return;
  adopted.add(client);
  const { options = {} } = client;
  client.options = { ...options, channelOptions: withInterceptor(client, options.channelOptions) };
}

function withInterceptor(client: GrpcClient, options: ChannelOptions = {}): ChannelOptions {
  const ours = grpcInterceptor(client);
  const { interceptors = [], interceptor_providers: providers = [] } = options;
  // grpc-js refuses a client that has both.
  if (providers.length > 0)
    return { ...options, interceptor_providers: [() => ours, ...providers] };
  return { ...options, interceptors: [ours, ...interceptors] };
}
