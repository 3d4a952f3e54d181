import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type * as Coordinator from '../../../lib/coordinator/index.js';

/** The compiled code that is simulated. */
export type Product = Pick<
  typeof Coordinator,
  'openCoordinator' | 'openSqliteStore' | 'MemorySessionStore'
>;

/** The root of this repository, wherever this file is compiled to. */
export const ROOT = dirname(createRequire(import.meta.url).resolve('nestjs-dtx/package.json'));

/** The compiled library as it is. */
export const RIGHT_LIB = join(ROOT, 'dist/esm');

/** @param lib folder of a compiled library: the right one, or a copy with a planted bug */
export async function loadProduct(lib: string): Promise<Product> {
  const file = pathToFileURL(join(lib, 'coordinator/index.js'));
  return (await import(file.href)) as typeof Coordinator;
}
