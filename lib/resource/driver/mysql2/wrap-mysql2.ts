import mysql2 from 'mysql2';

import type { AtResourceOptions } from '../../at/index.js';
import type { Mysql2Module } from './wrap/index.js';
import { wrapMysql2Module } from './wrap/index.js';

/**
 * A mysql2 module whose pools, clusters and connections take part in global transactions, for
 * libraries that take the driver as an option and open the pool themselves; `withDtx` does it for
 * TypeORM. One module is one resource: use it for one data source, and provide it in your module,
 * so that DtxModule starts it.
 *
 * Of a cluster, phase two belongs to the node that was added last; TypeORM adds the primary there.
 *
 * @param name of the data source; a part of the default resource id
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 *
 * @example
 * ```ts
 * import { wrapMysql2 } from 'nestjs-dtx/mysql2';
 *
 * export const driver = wrapMysql2('orders', { resourceId: 'orders' });
 * ```
 *
 * @publicApi
 */
export function wrapMysql2(
  name: string,
  options: AtResourceOptions,
  original: Mysql2Module = mysql2,
): Mysql2Module {
  return wrapMysql2Module(name, options, original);
}
