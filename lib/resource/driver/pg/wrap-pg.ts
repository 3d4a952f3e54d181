import pg from 'pg';

import type { AtResourceOptions } from '../../at/index.js';
import type { PgModule } from './wrap/index.js';
import { wrapPgModule } from './wrap/index.js';

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
  return wrapPgModule(name, options, original);
}
