import type { Pool, PoolClient, QueryResult } from 'pg';

import {
  DTX_RESOURCE,
  InvalidOptionError,
  ResourceNotStartedError,
} from '../../../protocol/index.js';
import type { Around, AtResource, Attempt, LocalWork, Start } from '../../at/index.js';
import { WORKING_KINDS, currentAround, runAutocommit } from '../../at/index.js';
import { classifyStatement } from './classify-statement.js';
import { ClientSeam } from './client-seam.js';
import type { PgRequest } from './pg-request.js';
import { answer, contentOf, isSubmittable, toRequest } from './pg-request.js';

type PoolQuery = (config: unknown, values?: unknown, callback?: unknown) => unknown;

/**
 * Puts the seam in front of every client of a pool, and of the pool's own `query`. The pool stays
 * the object it was.
 *
 * @throws InvalidOptionError when the pool already has connections, which would go unseen
 */
export function instrumentPool(pool: Pool, resource: AtResource): void {
  if (pool.totalCount > 0) {
    throw new InvalidOptionError({
      option: 'the pool given to dtxPool()',
      value: `a pool with ${String(pool.totalCount)} connections`,
      fix: `Call dtxPool(new Pool(…)) before the first query.`,
    });
  }
  const seams = new WeakMap<PoolClient, ClientSeam>();
  pool.on('connect', (client) => {
    seams.set(client, new ClientSeam(client, resource));
  });
  pool.on('release', (_error: Error, client: PoolClient) => {
    seams.get(client)?.released();
  });
  const original = pool.query.bind(pool) as PoolQuery;
  const query: PoolQuery = (config, values, callback) => {
    const around = currentAround();
    if (around === undefined || isSubmittable(config)) {
      return original(config, values, callback);
    }
    const request = toRequest(config, values, callback);
    const work = queryPool(pool, seams, resource, around, request);
    if (request.callback === undefined) return work;
    answer(request.callback, work);
    return undefined;
  };
  Object.assign(pool, { query, [DTX_RESOURCE]: resource });
}

/**
 * pg's own `pool.query` runs in the context of whoever gave the connection back. This one awaits,
 * so it stays in the caller's; and while a write waits for a row it holds no connection.
 */
async function queryPool(
  pool: Pool,
  seams: WeakMap<PoolClient, ClientSeam>,
  resource: AtResource,
  around: Around,
  request: PgRequest,
): Promise<QueryResult> {
  const statement = classifyStatement(request.text);
  if (!WORKING_KINDS.has(statement.kind) || !around.isActive) {
    return withClient(pool, (client) => send(client, request));
  }
  const attempt = (work: LocalWork, start: Start): Promise<Attempt<QueryResult>> =>
    withClient(pool, async (client) => {
      const seam = seams.get(client);
      // pg-pool announces every client before it lends it; one unseen would write without undo.
      if (seam === undefined) throw new ResourceNotStartedError(resource.resourceId);
      return seam.attemptAutocommit(work, statement, request, start);
    });
  return runAutocommit(resource, around, statement, attempt, contentOf(request));
}

function send(client: PoolClient, request: PgRequest): Promise<QueryResult> {
  const query = client.query.bind(client) as (
    config: unknown,
    values: unknown,
  ) => Promise<QueryResult>;
  return query(request.config, request.values);
}

async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A checked-out client that breaks and has no listener would end the process.
  const onError = (): undefined => undefined;
  client.on('error', onError);
  try {
    return await work(client);
  } finally {
    client.off('error', onError);
    client.release();
  }
}
