import type { Clock, DtxLog, Ids } from '../../../protocol/index.js';
import { InsecureListenError, InvalidOptionError } from '../../../protocol/index.js';
import type { VersionRange } from '../../../protocol/wire/index.js';
import {
  CLIENT_FRAME_BYTES_MAX,
  HEARTBEAT_MS_DEFAULT,
  HELLO_MS_MAX,
  IN_FLIGHT_MAX_DEFAULT,
  MESSAGE_BYTES_MAX,
  VERSIONS,
} from '../../../protocol/wire/index.js';
import type { NamespaceCoordinator } from '../../worker/index.js';
import { KeyRing } from './key-ring.js';
import type { ListenAddress } from './listen-address.js';
import { formatAddress, isLoopback, parseListen } from './listen-address.js';
import { DRAIN_MS, LINGER_MS, STREAMS_MAX_DEFAULT, UNUSED_CONNECTION_MS } from './limits.js';

/** What a client can ask of a namespace. */
export type Namespace = Pick<
  NamespaceCoordinator,
  | 'abandonBranch'
  | 'attach'
  | 'awaitRelease'
  | 'begin'
  | 'commit'
  | 'registerBranch'
  | 'rollback'
  | 'setRollbackOnly'
  | 'status'
>;

/** A key that opens every namespace, or one that opens those that it names. */
export type AccessKey = string | { readonly key: string; readonly namespaces: readonly string[] };

/** PEM, as text or as the bytes of a file. */
export interface TlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Who signs the certificates of clients; given, a client without one is not let in. */
  readonly ca?: string | Buffer;
}

export interface NativeServerOptions {
  /** Answers the requests. It is closed by whoever has opened it, between drain() and close(). */
  readonly coordinator: { namespace(name: string): Namespace };
  /** Whether other nodes use its store, so that clients may go on at them. @default false */
  readonly sharesStore?: boolean;
  /** `host:port`, `[address]:port`, or a port of 127.0.0.1; 0 takes a free one. */
  readonly listen: string | number;
  readonly tls?: TlsOptions;
  /** Several are valid at once, so that they can be changed without an interruption. @default [] */
  readonly keys?: readonly AccessKey[];
  /** Lets anybody in who reaches the port. @default false */
  readonly insecure?: boolean;
  /** A silent client is asked after this long, and given up after twice as long. @default 3000 */
  readonly heartbeatMs?: number;
  /** Requests of one client that wait for an answer. @default 1024 */
  readonly inFlightMax?: number;
  /** Bytes of a frame from a client. @default 1048576 */
  readonly frameBytesMax?: number;
  /** Bytes of a request. @default 131072 */
  readonly messageBytesMax?: number;
  /** The same for the namespaces that are named. */
  readonly namespaceMessageBytesMax?: Readonly<Record<string, number>>;
  /** Clients that are connected at a time. @default 4096 */
  readonly streamsMax?: number;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: DtxLog;
  /** Versions of the protocol that are spoken. @default VERSIONS */
  readonly versions?: VersionRange;
  /** How long a client may take for its hello. @default 5000 */
  readonly helloMs?: number;
  /** How long drain() waits for requests that are under way. @default 5000 */
  readonly drainMs?: number;
  /** How long a connection that is closed may take to read why. @default 500 */
  readonly lingerMs?: number;
  /** How long a connection may be open without a stream. @default 60000 */
  readonly unusedMs?: number;
}

/** The options as they are in force. */
export interface NativeServerSettings extends Required<
  Omit<NativeServerOptions, 'insecure' | 'keys' | 'listen' | 'tls'>
> {
  readonly listen: ListenAddress;
  readonly tls: TlsOptions | undefined;
  readonly keys: KeyRing;
}

/**
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 * @throws InsecureListenError (DTX_ERR_CONFIG_INSECURE_LISTEN)
 */
export function settingsOf(options: NativeServerOptions): NativeServerSettings {
  const { insecure = false, keys = [], tls, ...given } = options;
  const listen = parseListen(options.listen);
  const settings: NativeServerSettings = {
    sharesStore: false,
    heartbeatMs: HEARTBEAT_MS_DEFAULT,
    inFlightMax: IN_FLIGHT_MAX_DEFAULT,
    frameBytesMax: CLIENT_FRAME_BYTES_MAX,
    messageBytesMax: MESSAGE_BYTES_MAX,
    namespaceMessageBytesMax: {},
    streamsMax: STREAMS_MAX_DEFAULT,
    versions: VERSIONS,
    helloMs: HELLO_MS_MAX,
    drainMs: DRAIN_MS,
    lingerMs: LINGER_MS,
    unusedMs: UNUSED_CONNECTION_MS,
    ...given,
    listen,
    tls,
    keys: new KeyRing(keys),
  };
  assertCounts(settings);
  assertSecure(settings, insecure);
  return settings;
}

const COUNTS = [
  'heartbeatMs',
  'inFlightMax',
  'frameBytesMax',
  'messageBytesMax',
  'streamsMax',
  'helloMs',
] as const;

/** The widest that the protocol's own numbers can say. */
const COUNT_MAX = 2 ** 31 - 1;

function assertCounts(settings: NativeServerSettings): void {
  const { namespaceMessageBytesMax } = settings;
  const counts = [
    ...COUNTS.map((name) => [name, settings[name]] as const),
    ...Object.entries(namespaceMessageBytesMax).map(
      ([name, value]) => [`namespaceMessageBytesMax.${name}`, value] as const,
    ),
  ];
  for (const [option, value] of counts) {
    if (Number.isInteger(value) && value >= 1 && value <= COUNT_MAX) continue;
    const fix = `Use a whole number from 1 to ${String(COUNT_MAX)}.`;
    throw new InvalidOptionError({ option, value, fix });
  }
}

/** Before the port is bound: nobody may slip in while this is being found out. */
function assertSecure({ keys, listen, log, tls }: NativeServerSettings, insecure: boolean): void {
  if (isLoopback(listen.host)) return;
  const asksClients = !keys.isEmpty || tls?.ca !== undefined;
  if (!asksClients && !insecure) throw new InsecureListenError(formatAddress(listen));
  if (tls !== undefined) return;
  const what = keys.isEmpty ? 'What clients say' : "The clients' key";
  log.warn(
    `The coordinator listens on ${formatAddress(listen)} without TLS: ${what} crosses the ` +
      `network in clear. Give it tls: { cert, key }, or keep that network to yourself.`,
  );
}
