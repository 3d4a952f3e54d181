import { InvalidOptionError } from '../../../protocol/index.js';
import type { AtResourceOptions } from '../../at/index.js';
import { AtResource } from '../../at/index.js';
import { createMysqlEngine } from '../../at/mysql/index.js';
import { MysqlXaEngine } from '../../xa/mysql/index.js';
import { MYSQL_FENCES, SqlTccFences } from '../../tcc/index.js';
import type { CreatePool } from './side-source.js';
import { SideSource } from './side-source.js';

/**
 * The resource of one MySQL or MariaDB database, reached over mysql2.
 *
 * @param sidePool.config of the application's pool; read when the first connection is needed
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 */
export function createMysql2Resource(
  name: string,
  options: AtResourceOptions,
  sidePool: { readonly createPool: CreatePool; readonly config: () => object | undefined },
): AtResource {
  if (options.schemas !== undefined) {
    throw new InvalidOptionError({
      option: 'schemas of the data source',
      value: options.schemas,
      fix: 'On MySQL and MariaDB the tables of its own database are captured: leave it out.',
    });
  }
  const source = new SideSource(sidePool.createPool, sidePool.config);
  return new AtResource({
    kind: 'AT on MySQL and MariaDB',
    name,
    options,
    createEngine: (resourceId) => createMysqlEngine({ source, resourceId, guard: options.guard }),
    createXaEngine: (resourceId) => new MysqlXaEngine({ source, resourceId }),
    createFences: (resourceId) => new SqlTccFences({ source, resourceId, dialect: MYSQL_FENCES }),
    close: () => source.close(),
  });
}
