import { isIPv4, isIPv6 } from 'node:net';

/** A host in the one form that rules compare. */
export interface HostForm {
  readonly kind: 'name' | 'ipv4' | 'ipv6';
  /** Lower case, without brackets, without a trailing dot. */
  readonly text: string;
  /** Whether a name ended in a dot, which makes `stock.` a top-level domain. */
  readonly isAbsolute: boolean;
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const NUMBER = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const MAPPED_IPV4 = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;
const NAME_LENGTH_MAX = 253;

/**
 * Reads a host as it stands in a URL or in request options. Whatever is not plainly an address or a
 * name (`127.1`, `0x7f.0.0.1`, `2130706433`, `user@host`, `host/path`, zone ids, non-ASCII) is
 * undefined, since resolvers disagree about what it means.
 */
export function readHost(raw: string): HostForm | undefined {
  const lower = raw.toLowerCase();
  const isBracketed = lower.startsWith('[') && lower.endsWith(']');
  const text = isBracketed ? lower.slice(1, -1) : lower;
  if (isIPv6(text) && !text.includes('%')) return ipv6Form(text);
  if (isBracketed) return undefined;
  if (isIPv4(text)) return { kind: 'ipv4', text, isAbsolute: true };
  return nameForm(text);
}

/** `::ffff:10.0.0.1` reaches the same host as `10.0.0.1`, so both are compared as the latter. */
function ipv6Form(text: string): HostForm {
  const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [, high, low] = MAPPED_IPV4.exec(canonical) ?? [];
  if (high === undefined || low === undefined) {
    return { kind: 'ipv6', text: canonical, isAbsolute: true };
  }
  const bytes = [high, low].flatMap((hextet) => {
    const value = Number.parseInt(hextet, 16);
    return [value >> 8, value & 0xff];
  });
  return { kind: 'ipv4', text: bytes.join('.'), isAbsolute: true };
}

function nameForm(text: string): HostForm | undefined {
  const isAbsolute = text.endsWith('.');
  const name = isAbsolute ? text.slice(0, -1) : text;
  if (name.length > NAME_LENGTH_MAX) return undefined;
  const labels = name.split('.');
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  // A last label that is a number makes the whole an IPv4 address to some resolvers.
  if (NUMBER.test(labels.at(-1) ?? '')) return undefined;
  return { kind: 'name', text: name, isAbsolute };
}
