import { InvalidOptionError } from '../protocol/index.js';
import { parseAddresses, parseTarget } from './target-entry.js';

/**
 * How the xid travels over HTTP, by the header `TX_XID`.
 *
 * @example
 * ```ts
 * import type { HttpPropagationOptions } from 'nestjs-dtx';
 *
 * export const http: HttpPropagationOptions = {
 *   allow: ['*.shop.example', 'billing.example.com:8443'],
 *   deny: ['mail.internal'],
 *   trustedPeers: ['10.0.0.0/8', '127.0.0.1'],
 * };
 * ```
 *
 * @publicApi
 */
export interface HttpPropagationOptions {
  /** Whether requests made inside a global transaction carry its xid. @default true */
  readonly outgoing?: boolean;
  /** Whether requests that carry an xid join its global transaction. @default true */
  readonly incoming?: boolean;
  /**
   * Hosts that get the xid besides the private ones: `host`, `*.domain`, an address or a CIDR, each
   * with an optional `:port`. @default []
   */
  readonly allow?: readonly string[];
  /** Hosts that never get the xid, in the same forms; wins over everything. @default [] */
  readonly deny?: readonly string[];
  /**
   * Addresses or CIDRs of the peers whose xid is believed; the header of others is ignored. The
   * peer is who holds the TCP connection: behind a proxy, the proxy. @default everybody
   */
  readonly trustedPeers?: readonly string[];
}

const FLAGS = ['outgoing', 'incoming'] as const;

const LISTS = [
  {
    key: 'allow',
    parse: parseTarget,
    fix:
      'Write a host, "*.domain", an IP address or a CIDR, with ":port" where only one port is ' +
      'meant; no scheme, no path, and brackets around an IPv6 address with a port.',
  },
  {
    key: 'deny',
    parse: parseTarget,
    fix:
      'Write a host, "*.domain", an IP address or a CIDR, with ":port" where only one port is ' +
      'meant. To send the xid to nobody, set outgoing: false.',
  },
  {
    key: 'trustedPeers',
    parse: parseAddresses,
    fix: 'Write an IP address or a CIDR, such as "10.0.0.0/8": peers have no names.',
  },
] as const;

const KEYS: readonly string[] = [...FLAGS, ...LISTS.map((list) => list.key)];

/**
 * Checks the options once, at start.
 *
 * @param path what the options are a part of, for messages: `DtxModule.forRoot({ http })`
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 */
export function validateHttpPropagation(options: unknown, path: string): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const fix = 'Use an object such as { allow: ["*.shop.example"] }, or leave it out.';
    throw new InvalidOptionError({ option: path, value: options, fix });
  }
  const given = options as Readonly<Record<string, unknown>>;
  for (const [key, value] of Object.entries(given)) {
    if (KEYS.includes(key)) continue;
    const fix = `There is no such option; there are ${KEYS.join(', ')}.`;
    throw new InvalidOptionError({ option: `${path}.${key}`, value, fix });
  }
  for (const key of FLAGS) {
    const value = given[key];
    if (value === undefined || typeof value === 'boolean') continue;
    throw new InvalidOptionError({ option: `${path}.${key}`, value, fix: 'Use true or false.' });
  }
  for (const { key, parse, fix } of LISTS) validateList(`${path}.${key}`, given[key], parse, fix);
}

function validateList(
  option: string,
  value: unknown,
  parse: (entry: string) => unknown,
  fix: string,
): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    throw new InvalidOptionError({ option, value, fix: `Use an array. ${fix}` });
  }
  value.forEach((entry: unknown, index) => {
    if (typeof entry === 'string' && parse(entry) !== undefined) return;
    throw new InvalidOptionError({ option: `${option}[${String(index)}]`, value: entry, fix });
  });
}
