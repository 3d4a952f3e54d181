import type { SqlConnection, SqlSchema } from '../sql/index.js';
import { MIGRATIONS } from './migrations/index.js';

/** Any number that nothing else locks: the bytes of "dtxc". */
const LOCK = "SELECT pg_advisory_xact_lock(x'64747863'::bigint)";

/**
 * Asks the table of tables, and not to_regclass(): that one may answer out of a cache that a
 * transaction which has waited for the lock has not looked through since.
 */
const FIND_META = `
SELECT 1 AS found FROM pg_catalog.pg_tables
WHERE schemaname = 'dtx_coordinator' AND tablename = 'meta'`;

const READ_VERSION = "SELECT value FROM dtx_coordinator.meta WHERE name = 'schema_version'";

/** A migration that fails leaves nothing behind: tables are part of its transaction. */
export const POSTGRES_SCHEMA: SqlSchema = {
  migrations: MIGRATIONS,
  async readVersion(connection: SqlConnection): Promise<number> {
    const { rows: tables } = await connection.query(FIND_META);
    if (tables.length === 0) return 0;
    const [row] = (await connection.query(READ_VERSION)).rows;
    return Number(row?.['value'] ?? 0);
  },
  alone: (database, work) =>
    database.transaction(async (connection) => {
      await connection.query(LOCK);
      await work(connection);
    }),
};
