import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import type * as ProgramFile from '../../lib/cli/coordinator-program.js';
import type * as Entry from '../../lib/index.js';
import type * as Mysql2Entry from '../../lib/resource/driver/mysql2/index.js';
import type * as PgEntry from '../../lib/resource/driver/pg/index.js';
import type * as FailpointFile from '../../lib/system/failpoint.js';

/** The compiled code that the processes run. */
export type Product = Pick<
  typeof Entry,
  'DtxModule' | 'GlobalTransactional' | 'TccAction' | 'TxParam' | 'currentXid'
> &
  Pick<typeof PgEntry, 'dtxPool'> &
  Pick<typeof Mysql2Entry, 'dtxMysqlPool'> &
  Pick<typeof ProgramFile, 'startCoordinator'> &
  Pick<typeof FailpointFile, 'failpoint' | 'planFailpoints'>;

export const ROOT = dirname(createRequire(import.meta.url).resolve('nestjs-dtx/package.json'));

/** The library as it was compiled last. */
export const LIB_DEFAULT = join(ROOT, 'dist/esm');

/** @param lib folder of a compiled library */
export async function loadProduct(lib: string): Promise<Product> {
  const part = async <T>(file: string): Promise<T> =>
    (await import(pathToFileURL(resolve(lib, file)).href)) as T;
  return {
    ...(await part<typeof Entry>('index.js')),
    ...(await part<typeof PgEntry>('resource/driver/pg/index.js')),
    ...(await part<typeof Mysql2Entry>('resource/driver/mysql2/index.js')),
    ...(await part<typeof ProgramFile>('cli/coordinator-program.js')),
    ...(await part<typeof FailpointFile>('system/failpoint.js')),
  };
}
