import { onlyXid } from './only-xid.js';

/** Seata's name of the header (`RootContext.KEY_XID`). */
export const XID_HEADER = 'TX_XID';

/** The names under which it arrives: proxies such as nginx drop names with an underscore. */
export const XID_HEADERS_IN: readonly string[] = ['tx_xid', 'tx-xid'];

/** Headers as node parses them: lower-case names, repeated lines joined by a comma. */
export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The xid that a request carries.
 *
 * @throws BadXidError (DTX_ERR_BAD_XID) when it is malformed, or when two of them differ
 */
export function readXid(headers: IncomingHeaders): string | undefined {
  return onlyXid(XID_HEADERS_IN.flatMap((name) => headers[name] ?? []));
}

/** Whether a name is one of ours, in whatever case. */
export function isXidHeader(name: unknown): boolean {
  return typeof name === 'string' && XID_HEADERS_IN.includes(name.toLowerCase());
}
