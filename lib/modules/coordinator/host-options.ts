import type { NativeServerOptions } from '../../coordinator/index.js';
import { InvalidOptionError } from '../../protocol/index.js';
import { LISTEN_DEFAULT } from '../listen-default.js';
import type { Checks } from '../option-checks.js';
import {
  assertCount,
  assertFlag,
  assertIdentifier,
  assertMilliseconds,
  assertPem,
  assertRecord,
  assertSecret,
  recordOf,
  refuse,
  runChecks,
} from '../option-checks.js';
import type { CoordinatorStoreOptions } from '../store-options.js';
import { STORE_CHECKS, STORE_DEFAULT } from '../store-options.js';

/**
 * A key that a client must show. With `namespaces` it opens those alone.
 *
 * @publicApi
 */
export type CoordinatorKey =
  string | { readonly key: string; readonly namespaces: readonly string[] };

/**
 * TLS of a coordinator; all of it the content of PEM files.
 *
 * @publicApi
 */
export interface CoordinatorTlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Who signs the certificates of clients. Given, a client without one is not let in. */
  readonly ca?: string | Buffer;
}

/**
 * How much one namespace may take. What is above it is refused with DTX_ERR_RESOURCE_EXHAUSTED.
 *
 * @publicApi
 */
export interface CoordinatorCaps {
  /** Global transactions that have not ended. @default 100000 */
  readonly openTransactionsMax?: number;
  /** Branches of one global transaction. @default 1000 */
  readonly branchesMax?: number;
  /** Bytes of one request. @default 131072 */
  readonly messageBytesMax?: number;
}

/**
 * Options of CoordinatorModule and CoordinatorServer.
 *
 * @publicApi
 */
export interface CoordinatorModuleOptions extends CoordinatorStoreOptions {
  /**
   * `host:port`, `[address]:port`, or a port of 127.0.0.1; 0 takes a free one. Beyond this machine
   * it needs keys or client certificates. @default '127.0.0.1:7091'
   */
  readonly listen?: string | number;
  /** All of them are valid at once, so that they can be changed without an interruption. */
  readonly keys?: readonly CoordinatorKey[];
  readonly tls?: CoordinatorTlsOptions;
  /** Lets everybody in who reaches the port: for networks that are closed. @default false */
  readonly insecure?: boolean;
  /** A silent client is asked after so long, and given up after twice as long. @default 3000 */
  readonly heartbeatMs?: number;
  /** For every namespace that `namespaces` does not name. */
  readonly caps?: CoordinatorCaps;
  readonly namespaces?: Readonly<Record<string, CoordinatorCaps>>;
}

const COUNT_MAX = 1_000_000_000;
const MESSAGE_BYTES_TOP = 1_000_000;
/** The summary of a transaction is one message, and its record one row. */
const BRANCHES_TOP = 10_000;
const HEARTBEAT_MS_MIN = 50;
const HEARTBEAT_MS_MAX = 600_000;

const CAPS_CHECKS: Checks<CoordinatorCaps> = {
  openTransactionsMax: (value, option) => {
    assertCount(value, option, COUNT_MAX);
  },
  branchesMax: (value, option) => {
    assertCount(value, option, BRANCHES_TOP);
  },
  messageBytesMax: (value, option) => {
    assertCount(value, option, MESSAGE_BYTES_TOP);
  },
};

const assertCaps = recordOf(CAPS_CHECKS);

const CHECKS: Checks<CoordinatorModuleOptions> = {
  ...STORE_CHECKS,
  // Its form is checked by whoever reads it; see parseListen.
  listen: () => undefined,
  keys: assertKeys,
  tls: assertTls,
  insecure: assertFlag,
  heartbeatMs: (value, option) => {
    assertMilliseconds(value, option, HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN);
  },
  caps: assertCaps,
  namespaces: (value, option) => {
    assertRecord(value, option);
    for (const [name, caps] of Object.entries(value)) {
      assertIdentifier(name, `a name in ${option}`);
      assertCaps(caps, `${option}.${name}`);
    }
  },
};

/** Options with their defaults, checked. */
export type CoordinatorSettings = CoordinatorModuleOptions &
  Required<Pick<CoordinatorModuleOptions, 'store' | 'listen' | 'caps' | 'namespaces'>>;

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) names the option, its value and the fix */
export function validateCoordinatorOptions(options: unknown = {}): CoordinatorSettings {
  assertRecord(options, 'The options object of CoordinatorModule');
  runChecks(options, CHECKS, 'CoordinatorModule option ');
  const given = options as CoordinatorModuleOptions;
  return Object.freeze({
    ...given,
    store: given.store ?? STORE_DEFAULT,
    listen: given.listen ?? LISTEN_DEFAULT,
    caps: given.caps ?? {},
    namespaces: given.namespaces ?? {},
  });
}

type ServerSettings = Pick<
  NativeServerOptions,
  | 'listen'
  | 'keys'
  | 'tls'
  | 'insecure'
  | 'heartbeatMs'
  | 'messageBytesMax'
  | 'namespaceMessageBytesMax'
>;

/** What of them is the server's. */
export function serverSettingsOf(settings: CoordinatorSettings): ServerSettings {
  const { caps, heartbeatMs, insecure, keys, listen, namespaces, tls } = settings;
  const own = Object.entries(namespaces).flatMap(([name, { messageBytesMax }]) =>
    messageBytesMax === undefined ? [] : [[name, messageBytesMax] as const],
  );
  return {
    listen,
    namespaceMessageBytesMax: Object.fromEntries(own),
    ...(caps.messageBytesMax !== undefined && { messageBytesMax: caps.messageBytesMax }),
    ...(keys !== undefined && { keys }),
    ...(tls !== undefined && { tls }),
    ...(insecure !== undefined && { insecure }),
    ...(heartbeatMs !== undefined && { heartbeatMs }),
  };
}

function assertKeys(value: unknown, option: string): void {
  if (!Array.isArray(value)) refuse(option, typeof value, 'Use an array of keys.');
  value.forEach((entry: unknown, index) => {
    const place = `${option}[${String(index)}]`;
    if (typeof entry === 'string') {
      assertSecret(entry, place);
      return;
    }
    assertRecord(entry, place);
    assertSecret(entry['key'], `${place}.key`);
    assertNamespaces(entry['namespaces'], `${place}.namespaces`);
  });
}

function assertNamespaces(value: unknown, option: string): void {
  if (!Array.isArray(value) || value.length === 0) {
    const fix = 'Use an array of names; for a key that opens all of them, write the key alone.';
    throw new InvalidOptionError({ option, value, fix });
  }
  for (const name of value) assertIdentifier(name, option);
}

function assertTls(value: unknown, option: string): void {
  assertRecord(value, option);
  runChecks(value, { cert: assertPem, key: assertPem, ca: assertPem }, `${option}.`);
  for (const name of ['cert', 'key']) assertPem(value[name], `${option}.${name}`);
}
