import type { RequestOptions } from 'node:http';
import { urlToHttpOptions } from 'node:url';

import { readHost } from './host-form.js';
import type { Endpoint } from './outgoing-policies.js';

/** A call of http.request in one shape, whichever form it was written in. */
export interface NodeHttpCall {
  /** Who sees the headers: the server, and the proxy if the path is absolute. */
  readonly endpoints: readonly Endpoint[];
  readonly url: URL | undefined;
  readonly method: string;
  readonly headers: unknown;
  /** The options, when they are all there is: some clients hand over one object for all hops. */
  readonly soleOptions: object | undefined;
  /** The same call with other headers, in options of its own. */
  withHeaders(headers: unknown): unknown[];
}

export type NodeScheme = 'http:' | 'https:';

const ABSOLUTE_PATH = /^https?:\/\//i;

/**
 * Reads the arguments as node's ClientRequest does: `(url, options?, callback?)` or
 * `(options, callback?)`. Undefined when node will refuse them.
 */
export function readCall(args: readonly unknown[], scheme: NodeScheme): NodeHttpCall | undefined {
  const [input, second] = args;
  const url = readUrl(input);
  if (url === undefined && !isObject(input)) return undefined;
  const options = url === undefined ? input : isObject(second) ? second : undefined;
  const merged = Object.assign<RequestOptions, unknown, unknown>({}, url, options);
  const host: unknown = merged.hostname || merged.host || 'localhost';
  if (typeof host !== 'string') return undefined;
  const optionsIndex = url === undefined ? 0 : 1;
  return {
    ...addressOf({ host, port: portOf(merged, scheme) }, merged, scheme),
    method: typeof merged.method === 'string' ? merged.method.toUpperCase() : 'GET',
    headers: merged.headers,
    soleOptions: url === undefined && isObject(options) ? options : undefined,
    withHeaders: (headers) => [
      ...args.slice(0, optionsIndex),
      { ...(options as object | undefined), headers },
      ...args.slice(options === undefined ? optionsIndex : optionsIndex + 1),
    ],
  };
}

function readUrl(input: unknown): RequestOptions | undefined {
  if (typeof input === 'string') {
    return URL.canParse(input) ? urlToHttpOptions(new URL(input)) : undefined;
  }
  return isUrl(input) ? urlToHttpOptions(input) : undefined;
}

/** node's own test: a URL of another realm or of a polyfill is one, the legacy url.parse is not. */
function isUrl(input: unknown): input is URL {
  if (!isObject(input)) return false;
  const { href, protocol, auth, path } = input as Readonly<Record<string, unknown>>;
  return Boolean(href) && Boolean(protocol) && auth === undefined && path === undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function addressOf(
  server: Endpoint,
  options: RequestOptions,
  scheme: NodeScheme,
): Pick<NodeHttpCall, 'endpoints' | 'url'> {
  const path = typeof options.path === 'string' && options.path !== '' ? options.path : '/';
  if (!ABSOLUTE_PATH.test(path)) {
    const url = urlOf(options.protocol ?? scheme, server, path);
    return { endpoints: [server], url };
  }
  const url = URL.canParse(path) ? new URL(path) : undefined;
  const behind = url === undefined ? { host: '', port: 0 } : endpointOf(url);
  return { endpoints: [server, behind], url };
}

function portOf(options: RequestOptions, scheme: NodeScheme): number {
  const agent = options.agent as { readonly defaultPort?: unknown } | boolean | null | undefined;
  const agentPort = isObject(agent) ? agent.defaultPort : undefined;
  return Number(
    options.port || options.defaultPort || agentPort || (scheme === 'https:' ? 443 : 80),
  );
}

/** Host and port of a URL. */
export function endpointOf(url: URL): Endpoint {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { host: url.hostname, port };
}

/** Joins text to a URL only around a host that is plainly one: nothing in it can move the host. */
function urlOf(protocol: string, server: Endpoint, path: string): URL | undefined {
  const form = readHost(server.host);
  if (form === undefined) return undefined;
  const host = form.kind === 'ipv6' ? `[${form.text}]` : form.text;
  const text = `${protocol}//${host}:${String(server.port)}${path.startsWith('/') ? path : '/'}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}
