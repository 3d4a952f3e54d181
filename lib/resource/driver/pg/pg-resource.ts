import type { Pool, PoolConfig } from 'pg';

import type { AtResourceOptions } from '../../at/index.js';
import { AtResource } from '../../at/index.js';
import { createPostgresEngine } from '../../at/postgres/index.js';
import { PostgresXaEngine } from '../../xa/postgres/index.js';
import { POSTGRES_FENCES, SqlTccFences } from '../../tcc/index.js';
import { SideSource } from './side-source.js';

type PoolClass = new (config: PoolConfig) => Pool;

/** The resource of one PostgreSQL database, reached over pg. */
export function createPgResource(
  name: string,
  options: AtResourceOptions,
  sidePool: { readonly PoolClass: PoolClass; readonly config: () => PoolConfig },
): AtResource {
  const source = new SideSource(sidePool.PoolClass, sidePool.config);
  return new AtResource({
    kind: 'AT on PostgreSQL',
    name,
    options,
    createEngine: (resourceId) =>
      createPostgresEngine({ source, resourceId, schemas: options.schemas, guard: options.guard }),
    createXaEngine: (resourceId) => new PostgresXaEngine({ source, resourceId }),
    createFences: (resourceId) =>
      new SqlTccFences({ source, resourceId, dialect: POSTGRES_FENCES }),
    close: () => source.close(),
  });
}
