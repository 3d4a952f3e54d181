import { openMariadb } from './mariadb/open-mariadb.js';
import type { EngineName } from './options.js';
import { openPostgres } from './postgres/open-postgres.js';
import { openSqlite } from './sqlite/open-sqlite.js';
import type { World } from './world.interface.js';

const OPENERS: Readonly<Record<EngineName, (sql: string) => Promise<World>>> = {
  postgres: openPostgres,
  mariadb: openMariadb,
  sqlite: openSqlite,
};

/** @throws FileError when the file does not load */
export const openWorld = (engine: EngineName, sql: string): Promise<World> => OPENERS[engine](sql);
