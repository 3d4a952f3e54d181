import { InvalidOptionError } from '../../protocol/index.js';

/** One entry of the list of nodes. */
export interface NodeUrl {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** For people: host and port. */
  readonly label: string;
}

const SCHEMES: Readonly<Record<string, { readonly isTls: boolean }>> = {
  'dtx:': { isTls: false },
  'dtxs:': { isTls: true },
};

const LOOPBACK = /^(localhost|127\.[0-9.]+|::1)$/;
const LITERAL = /^([0-9.]+|.*:.*)$/;
const BEFORE_AT = /^([a-z]+:\/\/)?.*@/is;
const BEHIND = /([?#]).*$/s;

/** @throws InvalidOptionError */
export function readNodeUrl(text: string, portDefault: number): NodeUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url === undefined ? undefined : SCHEMES[url.protocol];
  if (url === undefined || scheme === undefined || url.hostname === '') {
    throw bad(text, 'Write dtx://host:port, or dtxs://host:port for TLS.');
  }
  if (url.username !== '' || url.password !== '') {
    throw bad(text, 'Write the key into coordinator.key instead.');
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw bad(text, 'Write nothing behind the port.');
  }
  const port = url.port === '' ? portDefault : Number(url.port);
  if (port === 0) throw bad(text, 'Write the port of the coordinator, 1 to 65535.');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { ...scheme, host, port, label: `${url.hostname}:${String(port)}` };
}

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Whether the host is an address already. */
export function isLiteral(host: string): boolean {
  return LITERAL.test(host);
}

/** What stands before an @ or behind the port may be a secret. */
function bad(text: string, fix: string): InvalidOptionError {
  const value = text.replace(BEFORE_AT, '$1***@').replace(BEHIND, '$1***');
  return new InvalidOptionError({ option: 'coordinator.url', value, fix });
}
