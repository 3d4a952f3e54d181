import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

import { currentTransaction } from '../transaction/index.js';
import type { GlobalTransaction } from '../transaction/index.js';
import { XID_HEADER, XID_HEADERS_IN, isXidHeader } from './http-header.js';
import { readCall } from './node-http-call.js';
import type { NodeHttpCall, NodeScheme } from './node-http-call.js';
import type { OutgoingPolicies } from './outgoing-policies.js';
import { beginHop, noteRedirect } from './redirects.js';
import type { Hop } from './redirects.js';

type RequestFunction = (...args: unknown[]) => ClientRequest;

/** The two functions of node:http and node:https that start a request; they can be replaced. */
interface HttpModule {
  request: RequestFunction;
  get: RequestFunction;
}

const MODULES: readonly (readonly [HttpModule, NodeScheme])[] = [
  [http as unknown as HttpModule, 'http:'],
  [https as unknown as HttpModule, 'https:'],
];

/** Published as soon as the head of a response is there, before its `response` event. */
const RESPONSE_CHANNEL = 'http.client.response.finish';

/**
 * Lets requests of node:http and node:https carry the xid, and with them axios, got, superagent and
 * all others that stand on these modules. The returned function takes it back.
 *
 * The functions are wrapped, since on Node 20 the diagnostics event of a new request comes after
 * its headers were sent.
 */
export function wrapNodeHttp(policies: OutgoingPolicies): () => void {
  const carrier = new NodeHttpCarrier(policies);
  const onResponse = (message: unknown): void => {
    carrier.noteResponse(message as ResponseMessage);
  };
  subscribe(RESPONSE_CHANNEL, onResponse);
  const restores = MODULES.map(([module, scheme]) => wrapModule(module, scheme, carrier));
  syncBuiltinESMExports();
  return () => {
    carrier.close();
    unsubscribe(RESPONSE_CHANNEL, onResponse);
    for (const restore of restores) restore();
    syncBuiltinESMExports();
  };
}

interface ResponseMessage {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

function wrapModule(module: HttpModule, scheme: NodeScheme, carrier: NodeHttpCarrier): () => void {
  const original = { request: module.request, get: module.get };
  const request = function (this: unknown, ...args: unknown[]): ClientRequest {
    return carrier.request((sent) => Reflect.apply(original.request, this, sent), args, scheme);
  };
  const get = function (this: unknown, ...args: unknown[]): ClientRequest {
    const started = request.apply(this, args);
    started.end();
    return started;
  };
  // Name, length and the marks of other wrappers are what they look for.
  Object.defineProperties(request, Object.getOwnPropertyDescriptors(original.request));
  Object.defineProperties(get, Object.getOwnPropertyDescriptors(original.get));
  module.request = request;
  module.get = get;
  return () => {
    // Whoever wrapped after us still calls ours; then it stays, and passes everything through.
    if (module.request === request) module.request = original.request;
    if (module.get === get) module.get = original.get;
  };
}

/** Decides for each request, and remembers what redirects need. */
class NodeHttpCarrier {
  readonly #policies: OutgoingPolicies;
  readonly #hops = new WeakMap<ClientRequest, Hop>();
  readonly #hopOfOptions = new WeakMap<object, Hop>();
  #isClosed = false;

  constructor(policies: OutgoingPolicies) {
    this.#policies = policies;
  }

  close(): void {
    this.#isClosed = true;
  }

  request(
    start: (args: readonly unknown[]) => ClientRequest,
    args: readonly unknown[],
    scheme: NodeScheme,
  ): ClientRequest {
    const transaction = currentTransaction();
    if (transaction?.isActive !== true || this.#isClosed) return start(args);
    const call = readCall(args, scheme);
    // A tunnel's CONNECT is for the proxy; the request that goes through it comes by itself.
    if (call === undefined || call.method === 'CONNECT') return start(args);
    const hop = this.#beginHop(transaction, call);
    const carries = this.#policies.allow(transaction, hop, call.endpoints);
    const startWith = carries ? startWithXid : hop.isStray ? startWithoutXid : start;
    const request = startWith(args, { start, call, xid: transaction.xid });
    this.#hops.set(request, hop);
    return request;
  }

  noteResponse({ request, response }: ResponseMessage): void {
    const { statusCode = 0, headers } = response;
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) return;
    const hop = this.#hops.get(request);
    if (hop !== undefined) noteRedirect(hop, headers.location);
  }

  /**
   * The package follow-redirects (axios) passes one and the same options object for each hop, and
   * its `beforeRedirect` may change where the hop goes. Other callers share an options object
   * between unrelated requests, so only an object that bears its mark is recognised.
   */
  #beginHop(transaction: GlobalTransaction, call: NodeHttpCall): Hop {
    const options = call.soleOptions;
    if (options === undefined || !('nativeProtocols' in options)) {
      return beginHop(transaction, call.url);
    }
    const hop = beginHop(transaction, call.url, this.#hopOfOptions.get(options));
    this.#hopOfOptions.set(options, hop);
    return hop;
  }
}

interface Starting {
  readonly start: (args: readonly unknown[]) => ClientRequest;
  readonly call: NodeHttpCall;
  readonly xid: string;
}

function startWithXid(args: readonly unknown[], { start, call, xid }: Starting): ClientRequest {
  const early = headersBeforeStart(call.headers, xid);
  if (early !== undefined) return start(call.withHeaders(early));
  const request = start(args);
  const isTaken = XID_HEADERS_IN.some((name) => request.hasHeader(name));
  if (!isTaken && !request.headersSent) request.setHeader(XID_HEADER, xid);
  return request;
}

/** superagent copies all headers of the request that was redirected, ours among them. */
function startWithoutXid(args: readonly unknown[], { start, call, xid }: Starting): ClientRequest {
  const isCopy = (name: unknown, value: unknown): boolean => isXidHeader(name) && value === xid;
  const { headers } = call;
  const entries =
    typeof headers === 'object' && !Array.isArray(headers) ? Object.entries(headers ?? {}) : [];
  const kept = entries.filter(([name, value]) => !isCopy(name, value));
  const isCopied = kept.length < entries.length;
  const request = start(isCopied ? call.withHeaders(Object.fromEntries(kept)) : args);
  // Older versions of it set them afterwards, one by one.
  const setHeader = request.setHeader.bind(request);
  const setOthers: typeof setHeader = (name, value) =>
    isCopy(name, value) ? request : setHeader(name, value);
  // Written here, it would go straight to V8's old generation, and the request with it.
  request.setHeader = setOthers;
  return request;
}

/**
 * node renders the head of a request in its constructor when the headers are an array, or when they
 * expect 100-continue: nothing can be set afterwards. Then returns the headers to start with.
 */
function headersBeforeStart(headers: unknown, xid: string): unknown {
  if (Array.isArray(headers)) return listWithXid(headers, xid);
  if (typeof headers !== 'object' || headers === null) return undefined;
  const names = Object.keys(headers);
  if (!names.some((name) => name.toLowerCase() === 'expect')) return undefined;
  return names.some(isXidHeader) ? headers : { ...headers, [XID_HEADER]: xid };
}

/** node takes `[name, value, …]` and `[[name, value], …]`. */
function listWithXid(headers: readonly unknown[], xid: string): readonly unknown[] {
  const isPairs = Array.isArray(headers[0]);
  const names = isPairs
    ? headers.map((pair) => (pair as readonly unknown[])[0])
    : headers.filter((_, index) => index % 2 === 0);
  if (names.some(isXidHeader)) return headers;
  return isPairs ? [...headers, [XID_HEADER, xid]] : [...headers, XID_HEADER, xid];
}
