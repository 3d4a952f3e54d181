import pg from 'pg';
import type { PoolConfig } from 'pg';

import { DTX_RESOURCE } from '../../../protocol/index.js';
import type { AtResourceOptions } from '../../at/index.js';
import { createPgResource } from './pg-resource.js';
import { instrumentPool } from './pool-seam.js';

/** The module pg, as a library takes it by an option. @publicApi */
export type PgModule = typeof pg;

/**
 * A pg module whose pools take part in global transactions, for libraries that take the driver as
 * an option and open the pool themselves; `withDtx` does it for TypeORM. One module is one
 * resource: use it for one data source, and provide it in your module, so that DtxModule starts it.
 *
 * @param name of the data source; a part of the default resource id
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 *
 * @example
 * ```ts
 * import { wrapPg } from 'nestjs-dtx/pg';
 *
 * export const driver = wrapPg('orders', { resourceId: 'orders' });
 * ```
 *
 * @publicApi
 */
export function wrapPg(
  name: string,
  options: AtResourceOptions,
  original: PgModule = pg,
): PgModule {
  let latest: PoolConfig = {};
  const resource = createPgResource(name, options, {
    PoolClass: original.Pool,
    config: () => latest,
  });
  class DtxPool extends original.Pool {
    constructor(config: PoolConfig = {}) {
      super(config);
      // With replication TypeORM opens the primary's pool last, and phase two belongs there.
      latest = config;
      instrumentPool(this, resource);
    }
  }
  const wrapped = { ...original, Pool: DtxPool, native: null, [DTX_RESOURCE]: resource };
  return wrapped;
}
