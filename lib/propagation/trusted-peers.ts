import { readHost } from './host-form.js';
import { parseAddresses } from './target-entry.js';

/** Tells whether the xid of a peer with this address is believed. */
export type PeerCheck = (address: string | undefined) => boolean;

/** No list trusts everybody. A peer without an address (a Unix socket) is on no list. */
export function trustedPeers(entries: readonly string[] | undefined): PeerCheck {
  if (entries === undefined) return () => true;
  const matchers = entries.flatMap((entry) => parseAddresses(entry) ?? []);
  return (address) => {
    // The zone of a link-local address says which interface it came by, not who it is.
    const host = readHost(address?.replace(/%.*$/, '') ?? '');
    return host !== undefined && matchers.some((matches) => matches(host, 0));
  };
}
