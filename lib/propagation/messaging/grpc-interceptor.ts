import type { XidMode } from '../messaging-options.js';
import { validateMode } from '../messaging-options.js';
import { LINKED_XID_KEY, XID_KEY, keyOf } from './message-xid.js';
import { outgoingXid } from './message-policies.js';
import { currentContext } from './within.js';
import type { Enter } from './within.js';

/**
 * Options of dtxGrpcInterceptor.
 *
 * @publicApi
 */
export interface DtxGrpcInterceptorOptions {
  /** @default what the options of DtxModule say for `send`, which is 'join' */
  readonly mode?: XidMode;
}

/**
 * An interceptor as grpc-js takes it, described without its types: an application that has no gRPC
 * compiles as well.
 *
 * @publicApi
 */
export type DtxGrpcInterceptor = <Options>(
  options: Options,
  nextCall: (options: Options) => object,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a class of grpc-js with privates
) => any;

/**
 * Has the calls of a grpc-js client carry the xid of the transaction they are made in, as metadata
 * `tx_xid`. Clients of Nest have it by themselves. In grpc-js interceptors of a call take the place
 * of those of its client: a call that brings some of its own has to bring this one, too.
 *
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 *
 * @example
 * ```ts
 * import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
 * import { dtxGrpcInterceptor } from 'nestjs-dtx';
 *
 * const Stock = makeGenericClientConstructor({}, 'Stock');
 *
 * export const stock = new Stock('stock:50051', credentials.createInsecure(), {
 *   interceptors: [dtxGrpcInterceptor()],
 * });
 * ```
 *
 * @publicApi
 */
export function dtxGrpcInterceptor({ mode }: DtxGrpcInterceptorOptions = {}): DtxGrpcInterceptor {
  validateMode(mode, 'mode of dtxGrpcInterceptor()');
  return grpcInterceptor(undefined, mode);
}

/** @param client whose modes count */
export function grpcInterceptor(client: object | undefined, mode?: XidMode): DtxGrpcInterceptor {
  return (options, nextCall) => {
    const call = nextCall(options) as GrpcCall;
    // Here, and not in start(), since another interceptor may wait before it starts the call.
    const outgoing = outgoingXid('send', client, mode);
    const within = currentContext();
    const start = call.start.bind(call);
    const startWithXid: GrpcCall['start'] = (metadata, listener) => {
      const sent =
        outgoing === undefined ? metadata : withXid(metadata, keyOf(outgoing), outgoing.xid);
      start(sent, listener && heardWithin(listener, within));
    };
    // Written here, it would go straight to V8's old generation, and the call with it.
    call.start = startWithXid;
    return call;
  };
}

/** What a call of grpc-js is, as far as it matters here. */
interface GrpcCall {
  start(metadata: GrpcMetadata, listener?: GrpcListener): void;
}

interface GrpcMetadata {
  get(key: string): readonly unknown[];
  set(key: string, value: string): void;
  clone(): GrpcMetadata;
}

type GrpcListener = Readonly<Record<string, ((value: unknown) => void) | undefined>>;

/** A copy: callers keep a Metadata for all of their calls. */
function withXid(metadata: GrpcMetadata, key: string, xid: string): GrpcMetadata {
  const isTaken = [XID_KEY, LINKED_XID_KEY].some((name) => metadata.get(name).length > 0);
  if (isTaken) return metadata;
  const sent = metadata.clone();
  sent.set(key, xid);
  return sent;
}

const HEARD = ['onReceiveMetadata', 'onReceiveMessage', 'onReceiveStatus'] as const;

/**
 * Answers arrive in the context of the connection, which may have been opened in another
 * transaction: callbacks of the call would go on in that.
 */
function heardWithin(listener: GrpcListener, within: Enter): GrpcListener {
  return Object.fromEntries(
    HEARD.map((name) => [
      name,
      (value: unknown) => {
        within(() => listener[name]?.(value));
      },
    ]),
  );
}
