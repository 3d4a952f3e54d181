import type { DataSourceOptions } from 'typeorm';

import { PlatformTools } from 'typeorm/platform/PlatformTools.js';

import { InvalidOptionError, MissingPeerError } from '../../protocol/index.js';
import type { AtResourceOptions } from '../at/index.js';
import { wrapMysql2Module } from '../driver/mysql2/wrap/index.js';
import { wrapPgModule } from '../driver/pg/wrap/index.js';
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
  const { driver, name = 'default', type } = options;
  // Its driver is synchronous: the seam is the query runner.
  if (type === 'better-sqlite3') return withSqlite(options, dtx);
  const known = type === undefined ? undefined : DRIVERS.get(type);
  if (known === undefined) {
    throw new InvalidOptionError({
      option: 'withDtx({ type })',
      value: type,
      fix: `AT covers ${COVERED}. Leave withDtx out for other data sources.`,
    });
  }
  const wrapped = known.wrap(name, dtx, driver ?? load(known.peer, String(type)));
  return { ...known.defaults, ...options, driver: wrapped };
}

interface Driver {
  readonly peer: string;
  /** Options that TypeORM asks for where it is given a driver. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  readonly wrap: (name: string, dtx: AtResourceOptions, original: unknown) => unknown;
}

const PG: Driver = { peer: 'pg', wrap: wrapPgModule as Driver['wrap'] };
const MYSQL2: Driver = {
  peer: 'mysql2',
  // TypeORM 0.3 reads JSON columns otherwise for the package mysql, and warns that it cannot tell.
  defaults: { connectorPackage: 'mysql2' },
  wrap: wrapMysql2Module as Driver['wrap'],
};

const DRIVERS: ReadonlyMap<string, Driver> = new Map([
  ['postgres', PG],
  ['mysql', MYSQL2],
  ['mariadb', MYSQL2],
]);

const COVERED = [...DRIVERS.keys(), 'better-sqlite3'].join(', ');

/** The driver that TypeORM itself would take; nobody needs the ones of other databases. */
function load(peer: string, type: string): unknown {
  try {
    return PlatformTools.load(peer);
  } catch (cause) {
    throw new MissingPeerError(peer, `withDtx({ type: '${type}' })`, `Run "npm install ${peer}".`, {
      cause,
    });
  }
}
