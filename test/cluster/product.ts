import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import type * as CoordinatorFolder from '../../lib/coordinator/index.js';
import type * as SystemFolder from '../../lib/system/index.js';
import type * as EmbeddedClientFile from '../../lib/transport/embedded-client.js';

/** The compiled code that the nodes run. */
export type Product = Pick<typeof CoordinatorFolder, 'openCoordinator' | 'openPostgresStore'> &
  Pick<typeof SystemFolder, 'systemClock' | 'systemIds'> &
  Pick<typeof EmbeddedClientFile, 'EmbeddedClient'>;

const ROOT = dirname(createRequire(import.meta.url).resolve('nestjs-dtx/package.json'));

/** The library as it was compiled last. */
export const LIB_DEFAULT = join(ROOT, 'dist/esm');

/** @param lib folder of a compiled library */
export async function loadProduct(lib: string): Promise<Product> {
  const part = async <T>(file: string): Promise<T> =>
    (await import(pathToFileURL(resolve(lib, file)).href)) as T;
  return {
    ...(await part<typeof CoordinatorFolder>('coordinator/index.js')),
    ...(await part<typeof SystemFolder>('system/index.js')),
    ...(await part<typeof EmbeddedClientFile>('transport/embedded-client.js')),
  };
}
