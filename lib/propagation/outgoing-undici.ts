import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { GlobalTransaction } from '../transaction/index.js';
import { XID_HEADER, isXidHeader } from './http-header.js';
import { endpointOf } from './node-http-call.js';
import type { OutgoingPolicies } from './outgoing-policies.js';
import { beginHop, noteRedirect } from './redirects.js';
import type { Hop } from './redirects.js';
import { UndiciContext } from './undici-context.js';
import type { UndiciRequest } from './undici-context.js';

interface UndiciResponse {
  readonly statusCode: number;
  /** Names and values in turn, as bytes or text. */
  readonly headers: unknown;
}

/**
 * Lets requests of undici carry the xid: those of global fetch, and those of every copy of the
 * package undici. The returned function takes it back.
 */
export function subscribeUndici(policies: OutgoingPolicies): () => void {
  const hops = new WeakMap<object, Hop>();
  const context = new UndiciContext(warnOnce());
  const onCreate = (message: unknown): void => {
    const { request } = message as { readonly request: UndiciRequest };
    const transaction = context.ownerOf(request);
    // A tunnel's CONNECT is for the proxy; the request that goes through it comes by itself.
    if (transaction?.isActive !== true || request.method === 'CONNECT') return;
    const { endpoints, url } = addressOf(request);
    const hop = beginHop(transaction, url);
    hops.set(request, hop);
    if (!policies.allow(transaction, hop, endpoints) || hasXid(request.headers)) return;
    request.addHeader(XID_HEADER, transaction.xid);
  };
  const onHeaders = (message: unknown): void => {
    const { request, response } = message as { request: object; response: UndiciResponse };
    if (response.statusCode < 300 || response.statusCode > 399) return;
    const hop = hops.get(request);
    const location = locationOf(response.headers);
    if (hop !== undefined && location !== undefined) noteRedirect(hop, location);
  };
  subscribe('undici:request:create', onCreate);
  subscribe('undici:request:headers', onHeaders);
  return () => {
    unsubscribe('undici:request:create', onCreate);
    unsubscribe('undici:request:headers', onHeaders);
    context.release();
  };
}

function addressOf(request: UndiciRequest): Parts {
  const server = parse(String(request.origin));
  if (server === undefined) return { endpoints: [{ host: '', port: 0 }], url: undefined };
  // Towards a proxy the path is a whole URL, and the headers reach both.
  const isAbsolute = /^https?:/i.test(request.path);
  const url = parse(isAbsolute ? request.path : `${server.origin}${request.path}`);
  const behind = isAbsolute && url !== undefined ? [endpointOf(url)] : [];
  return { endpoints: [endpointOf(server), ...behind], url };
}

interface Parts {
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
  readonly url: URL | undefined;
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** undici 6 and later keep an array of names and values; undici 5 kept the text of the head. */
function hasXid(headers: unknown): boolean {
  if (Array.isArray(headers))
    return headers.some((name, index) => index % 2 === 0 && isXidHeader(name));
  return typeof headers === 'string' && /^tx[_-]xid:/im.test(headers);
}

function locationOf(headers: unknown): string | undefined {
  if (!Array.isArray(headers)) {
    const value = (headers as Readonly<Record<string, unknown>> | null)?.['location'];
    return typeof value === 'string' ? value : undefined;
  }
  const list: readonly unknown[] = headers;
  const index = list.findIndex(
    (name, position) => position % 2 === 0 && String(name).toLowerCase() === 'location',
  );
  return index < 0 ? undefined : String(list[index + 1]);
}

function warnOnce(): (current: GlobalTransaction) => void {
  let isWarned = false;
  return (current) => {
    if (isWarned) return;
    isWarned = true;
    current.manager.log.warn(
      'A queued request of an undici pool with limited connections was sent without an xid: ' +
        'which transaction it belongs to cannot be told for this copy of undici. Make its ' +
        'dispatcher the global one (setGlobalDispatcher), or set no limit on its connections.',
    );
  };
}
