import type * as CoordinatorCore from '../../lib/coordinator/core/index.js';
import type * as CoordinatorFolder from '../../lib/coordinator/index.js';
import type * as SessionCodecFile from '../../lib/coordinator/store/session-codec.js';
import type * as SqliteDriverFile from '../../lib/coordinator/store/sqlite/find-driver.js';
import type * as SystemFolder from '../../lib/system/index.js';
import type * as TransportFolder from '../../lib/transport/index.js';
import type * as EmbeddedClientFile from '../../lib/transport/embedded-client.js';

/**
 * Inner parts of the product, from the compiled files that applications run. The package does not
 * export them, and a benchmark of the coordinator alone needs them.
 */
const COMPILED = new URL('dist/esm/', import.meta.resolve('nestjs-dtx/package.json'));

const part = async <T>(file: string): Promise<T> =>
  (await import(new URL(file, COMPILED).href)) as T;

export const { systemClock, systemIds } = await part<typeof SystemFolder>('system/index.js');
export const { decide } = await part<typeof CoordinatorCore>('coordinator/core/index.js');
export const {
  MemorySessionStore,
  openCoordinator,
  openMysqlStore,
  openNativeServer,
  openPostgresStore,
  openSqliteStore,
} = await part<typeof CoordinatorFolder>('coordinator/index.js');
export const { connectRemote } = await part<typeof TransportFolder>('transport/index.js');
export const { findSqliteDriver } = await part<typeof SqliteDriverFile>(
  'coordinator/store/sqlite/find-driver.js',
);
export const { CHANGING_COLUMNS, SESSION_COLUMNS, rowOf } = await part<typeof SessionCodecFile>(
  'coordinator/store/session-codec.js',
);
export const { EmbeddedClient } = await part<typeof EmbeddedClientFile>(
  'transport/embedded-client.js',
);
