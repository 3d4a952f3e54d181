import type { Pool, PoolConfig } from 'pg';

import type { AtResourceOptions } from '../../at/index.js';
import { createPgResource } from './pg-resource.js';
import { instrumentPool } from './pool-seam.js';

type PoolClass = new (config: PoolConfig) => Pool;

/**
 * Makes a pg pool take part in global transactions (AT mode). Every way to use the pool is covered:
 * `pool.query`, `pool.connect`, promises and callbacks, and what stands on it, such as Kysely,
 * Drizzle and Knex. Outside a global transaction the pool works as before.
 *
 * Provide the pool in your module, so that DtxModule finds and starts it.
 *
 * @param pool a new pool, before its first query
 * @returns the same pool
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 *
 * @example
 * ```ts
 * import { dtxPool } from 'nestjs-dtx/pg';
 * import { Pool } from 'pg';
 *
 * export const poolProvider = {
 *   provide: 'ORDERS_POOL',
 *   useFactory: () => dtxPool(new Pool({ database: 'orders' }), { resourceId: 'orders' }),
 * };
 * ```
 *
 * @publicApi
 */
export function dtxPool<P extends Pool>(pool: P, options: AtResourceOptions = {}): P {
  const config = pool.options as PoolConfig;
  const resource = createPgResource('default', options, {
    PoolClass: pool.constructor as PoolClass,
    // The password is not enumerable there, so it has to be carried over by name.
    config: () => ({ ...config, password: config.password }),
  });
  instrumentPool(pool, resource);
  return pool;
}
