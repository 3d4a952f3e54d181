import { InvalidOptionError } from '../../../protocol/index.js';
import { PORT_DEFAULT } from '../../../protocol/wire/index.js';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const HOST_DEFAULT = '127.0.0.1';
const PORT_MAX = 65_535;

const PORT_ALONE = /^(?<port>\d{1,5})$/;
const IPV6 = /^\[(?<host>[0-9A-Fa-f:.]+)\](?::(?<port>\d{1,5}))?$/;
const IPV4 = /^(?<host>\d+(?:\.\d+){3})(?::(?<port>\d{1,5}))?$/;
const NAME = /^(?<host>(?=.*[A-Za-z_])[A-Za-z0-9_][A-Za-z0-9._-]*)?(?::(?<port>\d{1,5}))?$/;

/**
 * Reads `host`, `host:port`, `[address of IPv6]:port`, or a port of this machine alone.
 *
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 */
export function parseListen(listen: string | number): ListenAddress {
  const text = String(listen);
  const pattern = [PORT_ALONE, IPV6, IPV4, NAME].find((candidate) => candidate.test(text));
  const { host = HOST_DEFAULT, port = PORT_DEFAULT } = pattern?.exec(text)?.groups ?? {};
  if (pattern !== undefined && text !== '' && Number(port) <= PORT_MAX) {
    return { host, port: Number(port) };
  }
  throw new InvalidOptionError({
    option: 'listen',
    value: listen,
    fix: `Write host:port, such as 127.0.0.1:${String(PORT_DEFAULT)} or [::]:7091, or a port.`,
  });
}

/** Whether nobody beside this machine can reach what listens there. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(host) || /^(0*:)*:?0*1$/.test(host);
}

/** As people write it: IPv6 in brackets. */
export function formatAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}
