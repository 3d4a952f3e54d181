import { DTX_RESOURCE } from '../../../protocol/index.js';
import type { AtResourceOptions } from '../../at/index.js';
import type { SqliteDatabase } from '../../at/sqlite/index.js';
import { SqliteFile } from '../../driver/better-sqlite3/index.js';
import type { InstrumentedDataSource } from './data-source-seam.js';
import { instrumentDataSource } from './data-source-seam.js';

/** What is read of the options of a data source for better-sqlite3. */
interface SqliteOptions {
  readonly name?: string;
  readonly cache?: unknown;
  readonly prepareDatabase?: (database: SqliteDatabase) => void | Promise<void>;
}

/**
 * The driver is synchronous, so nothing can be awaited behind it: the seam is the query runner. Two
 * public options lead there: `prepareDatabase` is handed the connection when it is opened, and a
 * provider of `cache` the data source while it is made. That gives no cache of its own.
 */
export function withSqlite<O>(options: O, dtx: AtResourceOptions): O {
  const { cache, name = 'default', prepareDatabase } = options as SqliteOptions;
  const file = new SqliteFile(name, dtx);
  return {
    ...options,
    prepareDatabase: async (database: SqliteDatabase) => {
      await prepareDatabase?.(database);
      file.opened(database);
    },
    cache: {
      ...(typeof cache === 'object' && cache),
      provider: (source: InstrumentedDataSource) => {
        instrumentDataSource(source, file);
        Object.assign(source, { [DTX_RESOURCE]: file.resource });
        return ownCache(source, cache);
      },
    },
  };
}

/** The cache that the application has asked for, made as TypeORM makes it. */
function ownCache(source: InstrumentedDataSource, cache: unknown): unknown {
  Object.assign(source.options, { cache });
  if (cache === undefined || cache === false) return undefined;
  source.setOptions({ cache });
  return source.queryResultCache;
}
