import type pg from 'pg';
import type { PoolConfig } from 'pg';

import { DTX_RESOURCE } from '../../../../protocol/index.js';
import type { AtResourceOptions } from '../../../at/index.js';
import { createPgResource } from '../pg-resource.js';
import { instrumentPool } from '../pool-seam.js';

/** The module pg, as a library takes it by an option. @publicApi */
export type PgModule = typeof pg;

/** What wrapPg does, where the module pg is known; whoever has no pg can load this. */
export function wrapPgModule(
  name: string,
  options: AtResourceOptions,
  original: PgModule,
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
