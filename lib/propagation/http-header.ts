import { BadXidError, assertXid } from '../protocol/index.js';

/** Seata's name of the header (`RootContext.KEY_XID`). */
export const XID_HEADER = 'TX_XID';

/** The names under which it arrives: proxies such as nginx drop names with an underscore. */
export const XID_HEADERS_IN: readonly string[] = ['tx_xid', 'tx-xid'];

/** Headers as node parses them: lower-case names, repeated lines joined by a comma. */
export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The xid that a request carries. The same value twice is what a proxy makes that copies one name
 * to the other; a blank one counts as absent, as in Seata.
 *
 * @throws BadXidError (DTX_ERR_BAD_XID) when it is malformed, or when two of them differ
 */
export function readXid(headers: IncomingHeaders): string | undefined {
  const values = XID_HEADERS_IN.flatMap((name) => headers[name] ?? [])
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
  const [first, ...others] = new Set(values);
  if (first === undefined) return undefined;
  if (others.length > 0) throw new BadXidError([first, ...others].join(', '));
  return assertXid(first);
}

/** Whether a name is one of ours, in whatever case. */
export function isXidHeader(name: unknown): boolean {
  return typeof name === 'string' && XID_HEADERS_IN.includes(name.toLowerCase());
}
