import type { DataSourceOptions } from 'typeorm';

import { InvalidOptionError } from '../../protocol/index.js';
import type { AtResourceOptions } from '../driver/pg/index.js';
import type { PgModule } from '../driver/pg/index.js';
import { wrapPg } from '../driver/pg/index.js';
import { withSqlite } from './sqlite/with-sqlite.js';

/** What withDtx reads of data source options, of TypeORM 0.3 and 1.x alike. @publicApi */
export interface WrappableOptions {
  readonly type?: DataSourceOptions['type'];
  readonly name?: string;
  readonly driver?: unknown;
}

/**
 * Makes a TypeORM data source take part in global transactions (AT mode), through TypeORM's public
 * option `driver`. Repositories, managers, query builders, raw queries and query runners are all
 * covered, since they end in the driver. Works with TypeORM 0.3 and 1.x.
 *
 * Use the result for one data source only; DtxModule finds and starts it.
 *
 * @param options the options of the data source; a `driver` of your own is wrapped
 * @returns the same options with the wrapped driver
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) for a database that AT does not cover yet
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { TypeOrmModule } from '@nestjs/typeorm';
 * import { DtxModule } from 'nestjs-dtx';
 * import { withDtx } from 'nestjs-dtx/typeorm';
 *
 * @Module({
 *   imports: [
 *     TypeOrmModule.forRoot(
 *       withDtx({ type: 'postgres', database: 'orders' }, { resourceId: 'orders' }),
 *     ),
 *     DtxModule.forRoot({ applicationId: 'order-service' }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 *
 * @publicApi
 */
export function withDtx<O extends WrappableOptions>(options: O, dtx: AtResourceOptions = {}): O {
  if (options.type === 'better-sqlite3') return withSqlite(options, dtx);
  if (options.type !== 'postgres') {
    throw new InvalidOptionError({
      option: 'withDtx({ type })',
      value: options.type,
      fix: `AT covers 'postgres' and 'better-sqlite3' today. Leave withDtx out for other data sources.`,
    });
  }
  const driver = wrapPg(options.name ?? 'default', dtx, options.driver as PgModule | undefined);
  return { ...options, driver };
}
