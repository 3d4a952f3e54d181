import type { Clock, DtxLog, Ids } from '../../protocol/index.js';
import { InvalidOptionError } from '../../protocol/index.js';
import { PORT_DEFAULT } from '../../protocol/wire/index.js';
import { holdProcess, lookUpHost, systemClock, systemIds } from '../../system/index.js';
import { CALL_TIMEOUT_MS_DEFAULT, CONNECT_TIMEOUT_MS_DEFAULT } from './limits.js';
import type { NodeUrl } from './node-url.js';
import { isLoopback, readNodeUrl } from './node-url.js';

/** What a TLS connection stands on; all of it PEM. */
export interface TlsOptions {
  /** Who has signed the coordinator's certificate. @default the authorities that Node knows */
  readonly ca?: string | Buffer;
  /** The client's certificate and key, where the coordinator asks for one. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name in the coordinator's certificate. @default the host of the URL */
  readonly serverName?: string;
}

export interface RemoteOptions {
  /**
   * `dtx://host:port`, or `dtxs://host:port` for TLS; without a port 7091. A name stands for all of
   * its addresses.
   */
  readonly urls: readonly string[];
  /** @default 'default' */
  readonly namespace?: string;
  readonly applicationId: string;
  /** Tells the processes of one application apart. @default a new one */
  readonly instanceId?: string;
  /** What the coordinator asks its clients for. */
  readonly key?: string;
  readonly tls?: TlsOptions;
  /** How long a call may take, repeats included. @default 10000 */
  readonly callTimeoutMs?: number;
  /** How long to wait for the first node. @default 30000 */
  readonly connectTimeoutMs?: number;
  /** Aborted when nobody needs the connection any more that is still being made. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly ids?: Ids;
  readonly log?: DtxLog;
  /** All addresses of a host name. @default those of the operating system */
  readonly lookUp?: (host: string) => Promise<readonly string[]>;
  /** Keeps the process alive until the returned function is called. */
  readonly hold?: () => () => void;
}

export interface RemoteSettings extends Required<
  Omit<RemoteOptions, 'urls' | 'key' | 'signal' | 'tls'>
> {
  readonly urls: readonly NodeUrl[];
  readonly key: string;
  readonly tls: TlsOptions;
}

const SILENT: DtxLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

/** @throws InvalidOptionError */
export function readOptions(options: RemoteOptions): RemoteSettings {
  const { ids = systemIds, key, tls = {} } = options;
  const settings: RemoteSettings = {
    namespace: 'default',
    clock: systemClock,
    log: SILENT,
    callTimeoutMs: CALL_TIMEOUT_MS_DEFAULT,
    connectTimeoutMs: CONNECT_TIMEOUT_MS_DEFAULT,
    lookUp: lookUpHost,
    hold: holdProcess,
    ...options,
    ids,
    instanceId: options.instanceId ?? ids.newXid(),
    urls: readUrls(options.urls),
    key: key ?? '',
    tls,
  };
  assertTimeout('callTimeoutMs', settings.callTimeoutMs);
  assertTimeout('connectTimeoutMs', settings.connectTimeoutMs);
  assertKey(key);
  assertTls(settings);
  return settings;
}

/** Says it where a key crosses the network for everybody to read. */
export function warnOfClearKey({ key, log, urls }: RemoteSettings): void {
  const clear = urls.filter(({ host, isTls }) => !isTls && !isLoopback(host));
  if (key === '' || clear.length === 0) return;
  log.warn(
    `The key of the coordinator crosses the network in clear, to ` +
      `${clear.map(({ label }) => label).join(', ')}. Let the coordinator use TLS, and write ` +
      `dtxs:// in coordinator.url.`,
  );
}

function readUrls(urls: readonly string[]): readonly NodeUrl[] {
  if (urls.length > 0) {
    const read = urls.map((url) => readNodeUrl(url, PORT_DEFAULT));
    return [...new Map(read.map((url) => [url.label, url])).values()];
  }
  throw new InvalidOptionError({
    option: 'coordinator.url',
    value: urls,
    fix: 'Name at least one node, such as dtx://coordinator:7091.',
  });
}

function assertTimeout(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new InvalidOptionError({
    option: `coordinator.${name}`,
    value,
    fix: 'Give whole milliseconds, from 1 on.',
  });
}

/** The value stays out of the text. */
function assertKey(key: string | undefined): void {
  if (key === undefined || (typeof key === 'string' && key !== '')) return;
  throw new InvalidOptionError({
    option: 'coordinator.key',
    value: typeof key,
    fix: 'Give the text that the coordinator was started with, or leave it out.',
  });
}

function assertTls({ tls, urls }: RemoteSettings): void {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new InvalidOptionError({
      option: 'coordinator.tls',
      value: Object.keys(tls),
      fix: 'A client certificate needs both cert and key.',
    });
  }
  if (Object.keys(tls).length === 0 || urls.every(({ isTls }) => isTls)) return;
  throw new InvalidOptionError({
    option: 'coordinator.url',
    value: urls.filter(({ isTls }) => !isTls).map(({ label }) => `dtx://${label}`),
    fix: 'There is a coordinator.tls, so write dtxs:// instead of dtx://.',
  });
}
