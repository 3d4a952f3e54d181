import { once } from 'node:events';
import http from 'node:http';
import type {
  ClientRequest,
  IncomingMessage,
  RequestListener,
  Server,
  ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import type { DtxLog } from '../../../lib/protocol/index.js';
import { TransactionManager } from '../../../lib/transaction/index.js';

/** A log that can be looked into. */
export interface RecordedLog extends DtxLog {
  readonly lines: string[];
}

export function recordedLog(): RecordedLog {
  const lines: string[] = [];
  const record =
    (level: string) =>
    (message: string): void => {
      lines.push(`${level}: ${message}`);
    };
  return {
    lines,
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
    debug: record('debug'),
  };
}

/**
 * A manager whose transactions are all joined: carriers look at nothing else, so its coordinator
 * refuses every call.
 */
export function participantManager(log: DtxLog = recordedLog()): TransactionManager {
  const refuse = (): never => {
    throw new Error('No call to a coordinator was expected');
  };
  const client = {
    begin: refuse,
    registerBranch: refuse,
    abandonBranch: refuse,
    setRollbackOnly: refuse,
    commit: refuse,
    rollback: refuse,
    status: refuse,
    awaitRelease: refuse,
    attach: refuse,
    close: refuse,
  };
  const clock = { now: refuse, monotonicMs: refuse, after: refuse, soon: refuse };
  const ids = { newXid: refuse, newBranchId: refuse };
  return new TransactionManager({ client, clock, ids, applicationId: 'orders', log });
}

/** What a server has seen of one request. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly xid: string | undefined;
  readonly rawNames: readonly string[];
  readonly body: string;
}

/** A real HTTP server on 127.0.0.1. */
export interface TestServer {
  readonly server: Server;
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** The same server under another name: `http://localhost:port` */
  readonly otherUrl: string;
  readonly seen: Seen[];
  close(): Promise<void>;
}

/**
 * Answers every request with what it saw, as JSON; `/to?<url>` redirects there with 307, and
 * `/see?<url>` with 303.
 */
export async function echoServer(): Promise<TestServer> {
  const seen: Seen[] = [];
  const server = await listen((request, response) => {
    void answerEcho(request, response, seen);
  });
  return { ...server, seen };
}

async function answerEcho(
  request: IncomingMessage,
  response: ServerResponse,
  seen: Seen[],
): Promise<void> {
  const entry = await readSeen(request);
  seen.push(entry);
  const [path, target] = entry.url.split('?');
  if (path === '/to' || path === '/see') {
    response.writeHead(path === '/to' ? 307 : 303, { location: decodeURIComponent(target ?? '') });
    response.end();
    return;
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(entry));
}

async function readSeen(request: IncomingMessage): Promise<Seen> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const xid = request.headers['tx_xid'];
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    host: request.headers.host ?? '',
    xid: Array.isArray(xid) ? xid.join(', ') : xid,
    rawNames: request.rawHeaders.filter((_, index) => index % 2 === 0),
    body,
  };
}

/** Starts a server on a free port of both 127.0.0.1 and, by that name, localhost. */
export async function listen(listener: RequestListener): Promise<Omit<TestServer, 'seen'>> {
  const server = http.createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    url: `http://127.0.0.1:${String(port)}`,
    otherUrl: `http://localhost:${String(port)}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Ends the request and reads what the server saw. */
export async function answerTo(request: ClientRequest): Promise<Seen> {
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  request.end();
  const [response] = await answered;
  return jsonOf<Seen>(response);
}

/** The body of a response, as JSON. */
export async function jsonOf<T>(response: AsyncIterable<unknown>): Promise<T> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return JSON.parse(text) as T;
}
