import { InvalidOptionError, MemoryStoreRefusedError } from '../../protocol/index.js';
import type { Session } from '../core/index.js';
import { MemorySessionStore } from './memory/index.js';
import { openMysqlStore } from './mysql/index.js';
import { openPostgresStore } from './postgres/index.js';
import type { SessionQuery, SessionStore } from './session-store.interface.js';
import type { DataSourceLike, SqlStoreOptions } from './sql/index.js';
import {
  canonicalStorePath,
  openSqliteStore,
  readSessions,
  visitSqliteStore,
} from './sqlite/index.js';
import type { DatabaseKind } from './store-url.js';
import { databaseKindOf, databaseKindOfSource } from './store-url.js';

/**
 * Where a coordinator keeps its records: the path of an SQLite file; the URL of a database
 * (`postgres://…`, `mysql://…`, `mariadb://…`), which several coordinators may share; `:memory:`;
 * or an object.
 *
 * @publicApi
 */
export type StoreLocation = string | MemoryLocation | DataSourceLocation;

/** Records in this process, gone with it. @publicApi */
export interface MemoryLocation {
  readonly engine: 'memory';
  /** Whether that is meant also where NODE_ENV is `production`. @default false */
  readonly inProduction?: boolean;
}

/**
 * The database of a TypeORM data source for PostgreSQL, MySQL or MariaDB that is initialized. It is
 * not closed with the coordinator. @publicApi
 */
export interface DataSourceLocation {
  readonly dataSource: DataSourceLike;
}

const MEMORY = ':memory:';

type OpenDatabase = (options: SqlStoreOptions) => Promise<SessionStore>;

const OPEN_DATABASE: Readonly<Record<DatabaseKind, OpenDatabase>> = {
  postgres: openPostgresStore,
  mysql: openMysqlStore,
};

/**
 * Opens the store for a coordinator. Tables are created and brought up to date, in a database only
 * where NODE_ENV is not `production`.
 *
 * @throws MemoryStoreRefusedError, MissingPeerError, StoreInUseError, SchemaTooNewError,
 *   SchemaTooOldError, StoreUnavailableError, InvalidOptionError
 */
export async function openStore(
  location: StoreLocation,
  { isProduction }: { readonly isProduction: boolean },
): Promise<SessionStore> {
  if (typeof location === 'object') {
    if ('dataSource' in location) return openSource(location);
    return openMemory(isProduction && location.inProduction !== true);
  }
  if (location === MEMORY) return openMemory(isProduction);
  const open = databaseOf(location);
  return open === undefined ? openSqliteStore(location) : open({ url: location });
}

/**
 * Opens the store of a running coordinator for a visitor, which drives nothing. Creates nothing.
 *
 * @throws as openStore
 */
export async function visitStore(location: string): Promise<SessionStore> {
  const open = databaseOf(location);
  return open === undefined ? visitSqliteStore(location) : open({ url: location, migrate: false });
}

/**
 * What a store holds, one list per query, without owning it and without writing to it.
 *
 * @throws as openStore
 */
export async function readStore(
  location: string,
  queries: readonly SessionQuery[],
): Promise<readonly (readonly Session[])[]> {
  if (databaseOf(location) === undefined) return readSessions(location, queries);
  const store = await visitStore(location);
  try {
    return await Promise.all(queries.map((query) => store.list(query)));
  } finally {
    await store.close();
  }
}

/**
 * One name for all names of a store, so that two applications of a process find each other;
 * undefined for one that nobody else can mean. Creates the folder of a file.
 *
 * @throws StoreUnavailableError when the folder cannot be created
 * @throws InvalidOptionError for the URL of something that is no store
 */
export function identityOfStore(location: StoreLocation): string | undefined {
  if (typeof location === 'object' || location === MEMORY) return undefined;
  return databaseOf(location) === undefined ? canonicalStorePath(location) : location;
}

function openMemory(isRefused: boolean): SessionStore {
  if (isRefused) throw new MemoryStoreRefusedError();
  return new MemorySessionStore();
}

function openSource(location: DataSourceLocation): Promise<SessionStore> {
  const kind = databaseKindOfSource(location.dataSource);
  if (kind !== undefined) return OPEN_DATABASE[kind](location);
  throw new InvalidOptionError({
    option: 'coordinator.store.dataSource',
    value: location.dataSource.options.type,
    fix: 'Use a data source for postgres, mysql or mariadb, or name a file or a URL instead.',
  });
}

/**
 * What opens the database that a URL names; undefined for the path of a file.
 *
 * @throws InvalidOptionError for the URL of something else
 */
function databaseOf(location: string): OpenDatabase | undefined {
  const kind = databaseKindOf(location);
  return kind === undefined ? undefined : OPEN_DATABASE[kind];
}
