import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { text } from 'node:stream/consumers';

import type { GlobalSummary } from '../../../lib/protocol/index.js';
import type { Work } from './participant.js';

/** What one node asks of the other: to do a branch, or to end a transaction. */
export interface NodeService {
  branch(work: Work): Promise<void>;
  end(request: EndOrder): Promise<GlobalSummary['status']>;
}

export interface EndOrder {
  readonly xid: string;
  readonly direction: 'commit' | 'rollback';
  readonly waitMs: number;
}

const CALL_MS_MAX = 4_000;

/** Calls the other node over loopback. An error says nothing about what has happened there. */
export function remoteService(port: number): NodeService {
  const call = async (path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${String(port)}/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_MS_MAX),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(String(answer));
    return answer;
  };
  return {
    branch: async (work) => {
      await call('branch', work);
    },
    end: async (order) => (await call('end', order)) as GlobalSummary['status'],
  };
}

/** Serves this node's part to the other one. */
export async function serve(port: number, service: NodeService): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, service).then(
      (result) => {
        response.end(JSON.stringify(result ?? null));
      },
      (error: unknown) => {
        response.statusCode = 500;
        response.end(JSON.stringify(String(error)));
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function answer(request: IncomingMessage, service: NodeService): Promise<unknown> {
  const body: unknown = JSON.parse(await text(request));
  if (request.url === '/branch') return service.branch(body as Work);
  return service.end(body as EndOrder);
}
