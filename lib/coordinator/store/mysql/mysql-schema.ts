import type { SqlConnection, SqlDatabase, SqlSchema } from '../sql/index.js';
import { SqlTrouble } from '../sql/index.js';
import { MIGRATIONS } from './migrations/index.js';
import { META_TABLE } from './tables.js';

/** The tables of the coordinator in MySQL and MariaDB. */
export const MYSQL_SCHEMA: SqlSchema = { migrations: MIGRATIONS, readVersion, alone };

async function readVersion(connection: SqlConnection): Promise<number> {
  const { rows: tables } = await connection.query(FIND_META);
  if (tables.length === 0) return 0;
  const { rows } = await connection.query(READ_VERSION);
  return Number(rows[0]?.['value'] ?? 0);
}

/** Only these two columns are asked for, since MySQL writes the others' names in capitals. */
const FIND_META = `
SELECT 1 AS found FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_name = '${META_TABLE}'`;

const READ_VERSION = `SELECT value FROM ${META_TABLE} WHERE name = 'schema_version'`;

/**
 * A named lock belongs to the connection, so it outlives the COMMIT that comes with every CREATE,
 * and ends with a node that is killed. Names are the server's, not the database's.
 */
async function alone(
  database: SqlDatabase,
  work: (connection: SqlConnection) => Promise<void>,
): Promise<void> {
  await database.transaction(async (connection) => {
    // The server gives up waiting before we do, and so says why.
    const waitS = Math.floor((database.timeoutMs * 0.8) / 1000);
    const { rows } = await connection.query(
      `SELECT GET_LOCK(${LOCK_NAME}, ${String(waitS)}) AS is_held`,
    );
    if (Number(rows[0]?.['is_held']) !== 1) throw otherNodeMigrates(database.place);
    try {
      await work(connection);
    } finally {
      await connection.query(`SELECT RELEASE_LOCK(${LOCK_NAME}) AS is_released`);
    }
  });
}

const LOCK_NAME = "CONCAT('dtx_coordinator.', MD5(DATABASE()))";

function otherNodeMigrates(place: string): SqlTrouble {
  const message = `another node is changing the tables in ${place}; start again when it is through`;
  return new SqlTrouble(message, { kind: 'unavailable', cause: undefined });
}
