import { BlockList } from 'node:net';

import { readHost } from './host-form.js';
import type { HostForm } from './host-form.js';

/** Whether a host and port are meant by an entry of `allow` or `deny`. */
export type TargetMatcher = (host: HostForm, port: number) => boolean;

const PREFIX_MAX = { ipv4: 32, ipv6: 128 } as const;
const PORT_MAX = 65_535;

/**
 * Reads `host`, `*.domain`, an address or a CIDR, each with an optional `:port`; an IPv6 address
 * takes brackets then. Undefined when it is none of these.
 */
export function parseTarget(entry: string): TargetMatcher | undefined {
  const whole = parseHostPart(entry);
  if (whole !== undefined) return whole;
  const colon = entry.lastIndexOf(':');
  if (colon < 0) return undefined;
  const port = parsePort(entry.slice(colon + 1));
  const hostPart = entry.slice(0, colon);
  // `fd00::1:80` would be ambiguous, so an IPv6 address with a port needs its brackets.
  if (isBareIpv6(hostPart) && !hostPart.includes('/')) return undefined;
  const matches = parseHostPart(hostPart);
  if (matches === undefined || port === undefined) return undefined;
  return (host, actualPort) => actualPort === port && matches(host, actualPort);
}

/** Reads an address or a CIDR. */
export function parseAddresses(entry: string): TargetMatcher | undefined {
  const slash = entry.indexOf('/');
  const host = readHost(slash < 0 ? entry : entry.slice(0, slash));
  if (host === undefined || host.kind === 'name') return undefined;
  const { kind } = host;
  const prefix = slash < 0 ? PREFIX_MAX[kind] : parseNumber(entry.slice(slash + 1));
  if (prefix === undefined || prefix > PREFIX_MAX[kind]) return undefined;
  const list = new BlockList();
  list.addSubnet(host.text, prefix, kind);
  return (other) => other.kind === kind && list.check(other.text, kind);
}

function parseHostPart(text: string): TargetMatcher | undefined {
  return parseAddresses(text) ?? parseWildcard(text) ?? parseName(text);
}

function parseWildcard(text: string): TargetMatcher | undefined {
  if (!text.startsWith('*.')) return undefined;
  const domain = readHost(text.slice(2));
  if (domain?.kind !== 'name') return undefined;
  return (host) => host.kind === 'name' && host.text.endsWith(`.${domain.text}`);
}

function parseName(text: string): TargetMatcher | undefined {
  const name = readHost(text);
  if (name?.kind !== 'name') return undefined;
  return (host) => host.kind === 'name' && host.text === name.text;
}

function isBareIpv6(text: string): boolean {
  return !text.startsWith('[') && text.includes(':');
}

function parsePort(text: string): number | undefined {
  const port = parseNumber(text);
  return port !== undefined && port >= 1 && port <= PORT_MAX ? port : undefined;
}

function parseNumber(text: string): number | undefined {
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : undefined;
}
