import type { StoreLocation } from '../coordinator/index.js';
import { InvalidOptionError, TIMEOUT_MS_MAX } from '../protocol/index.js';
import type { Checks } from './option-checks.js';
import {
  assertMilliseconds,
  assertPem,
  assertRecord,
  assertSecret,
  recordOf,
  refuse,
  runChecks,
  withoutValues,
} from './option-checks.js';
import type { CoordinatorStoreOptions } from './store-options.js';
import { STORE_CHECKS, STORE_DEFAULT } from './store-options.js';

/**
 * Which coordinator an application uses: one of its own process, with a store; or, with `url`, one
 * that runs elsewhere. What stands behind `store` belongs to that one then.
 *
 * @publicApi
 */
export interface DtxCoordinatorOptions extends CoordinatorStoreOptions {
  /**
   * Where coordinators run: `dtx://host:port`, or `dtxs://host:port` for TLS; without a port 7091.
   * Name every node, or a host name that stands for all of them.
   */
  readonly url?: string | readonly string[];
  /** The key that the coordinator asks for. */
  readonly key?: string;
  readonly tls?: DtxTlsOptions;
  /** How long a call may take, repeats included, 1 to 86,400,000 ms. @default 10000 */
  readonly callTimeoutMs?: number;
  /** How long a start waits for the coordinator, 1 to 86,400,000 ms. @default 30000 */
  readonly connectTimeoutMs?: number;
}

/**
 * What a connection with TLS stands on; all of it the content of PEM files.
 *
 * @publicApi
 */
export interface DtxTlsOptions {
  /** Who has signed the coordinator's certificate. @default the authorities that Node knows */
  readonly ca?: string | Buffer;
  /** This application's certificate and key, where the coordinator asks for them. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name in the coordinator's certificate. @default the host of the URL */
  readonly serverName?: string;
}

/** A coordinator of this process. */
export interface EmbeddedSettings extends CoordinatorStoreOptions {
  readonly store: StoreLocation;
}

/** One that runs elsewhere. */
export interface RemoteSettings extends Pick<
  DtxCoordinatorOptions,
  'key' | 'tls' | 'callTimeoutMs' | 'connectTimeoutMs'
> {
  readonly urls: readonly string[];
}

export type DtxCoordinatorSettings = EmbeddedSettings | RemoteSettings;

const TLS_CHECKS: Checks<DtxTlsOptions> = {
  ca: assertPem,
  cert: assertPem,
  key: assertPem,
  serverName: assertSecret,
};

type RemoteOptions = Omit<DtxCoordinatorOptions, keyof CoordinatorStoreOptions>;

const REMOTE_CHECKS: Checks<RemoteOptions> = {
  url: assertUrls,
  key: assertSecret,
  tls: recordOf(TLS_CHECKS),
  callTimeoutMs: assertWait,
  connectTimeoutMs: assertWait,
};

const REMOTE_NAMES = Object.keys(REMOTE_CHECKS);

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function assertCoordinatorOptions(value: unknown, option: string): void {
  assertRecord(value, option);
  runChecks(value, { ...STORE_CHECKS, ...REMOTE_CHECKS }, `${option}.`);
  const given = Object.keys(value).filter((name) => value[name] !== undefined);
  const isRemote = given.includes('url');
  // A store that nobody uses, or a key that is sent to nobody, is not what was meant.
  const foreign = given.find((name) => REMOTE_NAMES.includes(name) !== isRemote);
  if (foreign === undefined) return;
  const fix = isRemote
    ? 'The coordinator at that url has a store of its own: leave this out, or leave out url.'
    : 'It belongs to a coordinator that runs elsewhere: name its url too, or leave this out.';
  throw new InvalidOptionError({ option: `${option}.${foreign}`, value: '…', fix });
}

/** Options that have been checked, with what they leave out. */
export function coordinatorSettingsOf(options: DtxCoordinatorOptions = {}): DtxCoordinatorSettings {
  const { callTimeoutMs, connectTimeoutMs, key, tls, url, ...rest } = options;
  if (url === undefined) return Object.freeze({ ...rest, store: options.store ?? STORE_DEFAULT });
  return Object.freeze({
    urls: typeof url === 'string' ? [url] : url,
    ...(key !== undefined && { key }),
    ...(tls !== undefined && { tls }),
    ...(callTimeoutMs !== undefined && { callTimeoutMs }),
    ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
  });
}

function assertUrls(value: unknown, option: string): void {
  const urls: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (urls.length > 0 && urls.every(isUrl)) return;
  refuse(
    option,
    withoutValues(value),
    `Use 'dtx://host:7091', 'dtxs://host:7091' for TLS, or a list of them.`,
  );
}

function isUrl(url: unknown): boolean {
  return typeof url === 'string' && /^dtxs?:\/\/[^/?#@\s]+\/?$/.test(url);
}

function assertWait(value: unknown, option: string): void {
  assertMilliseconds(value, option, TIMEOUT_MS_MAX, 1);
}
