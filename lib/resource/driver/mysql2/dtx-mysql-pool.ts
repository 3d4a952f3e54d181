import mysql2 from 'mysql2';
import type { Pool } from 'mysql2';
import type { Pool as PromisePool } from 'mysql2/promise';

import { DTX_RESOURCE } from '../../../protocol/index.js';
import type { AtResourceOptions } from '../../at/index.js';
import type { CorePool } from './mysql2-driver.js';
import { coreOf } from './mysql2-driver.js';
import { createMysql2Resource } from './mysql2-resource.js';
import { instrumentPool } from './pool-seam.js';

/**
 * Makes a pool of mysql2 take part in global transactions (AT mode), on MySQL and MariaDB. Every
 * way to use the pool is covered: `query`, `execute` and `getConnection`, promises and callbacks,
 * prepared statements, and what stands on it, such as Kysely, Drizzle and Knex. Outside a global
 * transaction the pool works as before.
 *
 * Provide the pool in your module, so that DtxModule finds and starts it.
 *
 * @param pool a new pool of `mysql2` or `mysql2/promise`, before its first query
 * @returns the same pool
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 *
 * @example
 * ```ts
 * import { createPool } from 'mysql2/promise';
 * import { dtxMysqlPool } from 'nestjs-dtx/mysql2';
 *
 * export const poolProvider = {
 *   provide: 'ORDERS_POOL',
 *   useFactory: () => dtxMysqlPool(createPool({ database: 'orders' }), { resourceId: 'orders' }),
 * };
 * ```
 *
 * @publicApi
 */
export function dtxMysqlPool<P extends Pool | PromisePool>(
  pool: P,
  options: AtResourceOptions = {},
): P {
  const core = coreOf(pool, 'pool') as CorePool;
  const resource = createMysql2Resource('default', options, {
    createPool: mysql2.createPool,
    config: () => core.config.connectionConfig,
  });
  instrumentPool(core, resource);
  return Object.assign(pool, { [DTX_RESOURCE]: resource });
}
