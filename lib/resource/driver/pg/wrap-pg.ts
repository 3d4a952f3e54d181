import pg from 'pg';
import type { PoolConfig } from 'pg';

import { DTX_RESOURCE } from '../../../protocol/index.js';
import type { AtResourceOptions } from '../../at/index.js';
import { createPgResource } from './pg-resource.js';
import { instrumentPool } from './pool-seam.js';

/** The parts of the pg module that a wrapper has to replace. */
export type PgModule = typeof pg;

/**
 * A pg module whose pools take part in global transactions, for libraries that take the driver as
 * an option. One module is one resource: use it for one data source.
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
