import type { GlobalTransaction } from '../transaction/index.js';

/** One request of a transaction, as far as redirects are concerned. */
export interface Hop {
  readonly transaction: GlobalTransaction;
  /** Where it goes; undefined when that has a form that cannot be read. */
  readonly url: URL | undefined;
  /** Whether a redirect has led it to a host that the transaction did not choose. */
  readonly isStray: boolean;
}

/**
 * Redirects that have been answered and not yet followed, per transaction. Most are followed within
 * the same turn of the event loop; those that never are count until the transaction ends.
 */
const STRAYS_MAX = 256;

const straysOf = new WeakMap<GlobalTransaction, Map<string, number>>();

/**
 * A request starts. It is a redirect's next hop if it goes where one has pointed, or if the client
 * is known to continue `previous`; it is stray for good once it has left the first host.
 */
export function beginHop(
  transaction: GlobalTransaction,
  url: URL | undefined,
  previous?: Hop,
): Hop {
  const isExpected = url !== undefined && takeStray(transaction, url);
  const isStray = isExpected || (previous !== undefined && leaves(previous, url));
  return { transaction, url, isStray };
}

/** A request was answered with a redirect. */
export function noteRedirect(hop: Hop, location: string): void {
  const base = hop.url;
  // Without a base only an absolute location can lead to another host.
  if (!URL.canParse(location, base?.href)) return;
  const target = new URL(location, base?.href);
  if (leaves(hop, target)) addStray(hop.transaction, target);
}

function leaves(hop: Hop, target: URL | undefined): boolean {
  if (hop.isStray || hop.url === undefined || target === undefined) return true;
  const isDowngrade = hop.url.protocol === 'https:' && target.protocol === 'http:';
  return hop.url.host !== target.host || isDowngrade;
}

function addStray(transaction: GlobalTransaction, url: URL): void {
  const strays = straysOf.get(transaction) ?? new Map<string, number>();
  straysOf.set(transaction, strays);
  const [oldest] = strays.keys();
  if (strays.size >= STRAYS_MAX && oldest !== undefined) strays.delete(oldest);
  const key = keyOf(url);
  strays.set(key, (strays.get(key) ?? 0) + 1);
}

function takeStray(transaction: GlobalTransaction, url: URL): boolean {
  const strays = straysOf.get(transaction);
  const key = keyOf(url);
  const count = strays?.get(key);
  if (strays === undefined || count === undefined) return false;
  if (count > 1) strays.set(key, count - 1);
  else strays.delete(key);
  return true;
}

/** The fragment is not sent, and clients treat it differently. */
function keyOf(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search}`;
}
