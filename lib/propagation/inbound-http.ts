import type { IncomingMessage, ServerResponse } from 'node:http';

import { codeOf, messageOf } from '../protocol/index.js';
import { runInContext } from '../transaction/index.js';
import type { GlobalTransaction, TransactionManager } from '../transaction/index.js';
import { abandonPart, finishPart } from './finish-part.js';
import { XID_HEADER, XID_HEADERS_IN, readXid } from './http-header.js';
import type { HttpPropagationOptions } from './http-propagation-options.js';
import { trustedPeers } from './trusted-peers.js';

/** Connect-style middleware: for Express, Fastify with middie, and plain connect. */
export type HttpMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** What the sender of a header that is no xid is told, with status 400. */
export interface XidRefusal {
  readonly statusCode: 400;
  readonly code: string;
  readonly message: string;
}

/** Peers that are named in the log when their header is ignored; then there is silence. */
const WARNED_PEERS_MAX = 100;

/**
 * Lets a request that carries an xid join its global transaction until the response is closed. A
 * request that carries none runs outside any transaction, whatever context its socket was made in.
 *
 * @param options must have passed validateHttpPropagation
 * @param toHttpError turns a refusal into an error for `next`, so that the framework's filters see
 *   it. Without it the middleware answers by itself: neither Nest nor Express would put the code of
 *   an error they do not know into the answer.
 */
export function inboundHttp(
  manager: TransactionManager,
  options: HttpPropagationOptions,
  toHttpError?: (refusal: XidRefusal) => unknown,
): HttpMiddleware {
  if (options.incoming === false) {
    return (_request, _response, next) => {
      runInContext(undefined, next);
    };
  }
  const readTrusted = trustedReader(manager, options);
  return (request, response, next) => {
    let xid: string | undefined;
    try {
      xid = readTrusted(request);
    } catch (error) {
      const refusal = refusalOf(error);
      runInContext(undefined, () => {
        if (toHttpError === undefined) answer(response, refusal);
        else next(toHttpError(refusal));
      });
      return;
    }
    const transaction = xid === undefined ? undefined : manager.join(xid);
    if (transaction !== undefined) finishWith(response, transaction);
    runInContext(transaction, next);
  };
}

function trustedReader(
  manager: TransactionManager,
  options: HttpPropagationOptions,
): (request: IncomingMessage) => string | undefined {
  const isTrusted = trustedPeers(options.trustedPeers);
  const warnIgnored = peerWarning(manager);
  return (request) => {
    if (!XID_HEADERS_IN.some((name) => request.headers[name] !== undefined)) return undefined;
    const { remoteAddress } = request.socket;
    if (isTrusted(remoteAddress)) return readXid(request.headers);
    warnIgnored(remoteAddress);
    return undefined;
  };
}

function finishWith(response: ServerResponse, transaction: GlobalTransaction): void {
  const finish = (): void => {
    if (response.writableFinished) finishPart(transaction, 'A request');
    else abandonPart(transaction, 'A request');
  };
  // A caller that hung up while an earlier middleware waited: the event has been and gone.
  if (response.closed) finish();
  else response.once('close', finish);
}

function refusalOf(error: unknown): XidRefusal {
  return { statusCode: 400, code: codeOf(error) ?? '', message: messageOf(error) };
}

function answer(response: ServerResponse, refusal: XidRefusal): void {
  response.statusCode = refusal.statusCode;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(refusal));
}

function peerWarning(manager: TransactionManager): (address: string | undefined) => void {
  const warned = new Set<string>();
  return (address = 'without an address') => {
    if (warned.has(address) || warned.size >= WARNED_PEERS_MAX) return;
    warned.add(address);
    const last = warned.size === WARNED_PEERS_MAX ? ' Further peers are not reported.' : '';
    manager.log.warn(
      `The ${XID_HEADER} header of peer ${address} is ignored, and its requests run outside any ` +
        `global transaction: http.trustedPeers does not list it. Add it if it is one of yours.` +
        last,
    );
  };
}
