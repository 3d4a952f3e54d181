import { once } from 'node:events';
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { inboundHttp } from '../../../lib/propagation/index.js';
import type { HttpPropagationOptions, XidRefusal } from '../../../lib/propagation/index.js';
import type { TransactionManager } from '../../../lib/transaction/index.js';
import { currentXid } from '../../../lib/transaction/index.js';
import { jsonOf, listen } from './fixtures.js';
import type { TestServer } from './fixtures.js';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export const answerXid: Handler = (_request, response) => {
  response.end(JSON.stringify({ xid: currentXid() ?? null }));
};

interface Inbound extends HttpPropagationOptions {
  readonly toHttpError?: (refusal: XidRefusal) => unknown;
}

/** A plain node server with the middleware in front of the handler. */
export function serveInbound(
  manager: TransactionManager,
  handler: Handler,
  { toHttpError, ...options }: Inbound = {},
): Promise<Omit<TestServer, 'seen'>> {
  const middleware = inboundHttp(manager, options, toHttpError);
  return listen((request, response) => {
    middleware(request, response, (error) => {
      if (error === undefined) {
        handler(request, response);
        return;
      }
      response.statusCode = 418;
      response.end(JSON.stringify(error));
    });
  });
}

export interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function call(
  url: string,
  headers: http.OutgoingHttpHeaders | readonly string[] = {},
  agent?: http.Agent,
): Promise<Answer> {
  const request = http.request(url, { headers, ...(agent && { agent }) });
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  request.end();
  const [response] = await answered;
  return {
    status: response.statusCode ?? 0,
    type: response.headers['content-type'],
    body: await jsonOf(response),
  };
}
