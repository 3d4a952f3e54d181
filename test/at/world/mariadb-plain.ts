import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';

import type { TestMariadb } from '../../servers/test-mariadb.js';
import type { Lend } from './run-step.js';
import { runStep } from './run-step.js';
import type { Application, PlainDatabase, Snapshot } from './world.interface.js';

/**
 * An application over a pool of mysql2.
 *
 * @param settings that each local transaction makes first
 */
export function mysqlPoolApplication(pool: Pool, settings: readonly string[] = []): Application {
  const lend: Lend = async (work) => {
    const connection = await pool.getConnection();
    try {
      for (const setting of settings) await connection.query(setting);
      await work({
        begin: () => connection.beginTransaction(),
        send: (sql) => connection.query(sql),
        commit: () => connection.commit(),
        rollback: () => connection.rollback(),
      });
    } finally {
      connection.release();
    }
  };
  return {
    run: (step) => runStep(step, (sql) => pool.query(sql), lend),
    query: async (sql) => (await pool.query<RowDataPacket[]>(sql))[0],
  };
}

export function plainMariadb(database: TestMariadb): PlainDatabase {
  const pool = database.pool({ multipleStatements: true, connectionLimit: 2 });
  const app = mysqlPoolApplication(pool);
  const sql = async (text: string): Promise<void> => {
    await pool.query(text);
  };
  return {
    sql,
    run: (step) => app.run(step),
    snapshot: (tables) => snapshotOf(pool, tables),
    async refill(tables, seed) {
      const connection = await pool.getConnection();
      try {
        await connection.query('SET FOREIGN_KEY_CHECKS = 0');
        for (const table of tables) await connection.query(`DELETE FROM ${table}`);
        await connection.query('SET FOREIGN_KEY_CHECKS = 1');
        await fill(connection, seed);
      } finally {
        connection.release();
      }
    },
    drop: () => database.drop(),
  };
}

async function fill(connection: PoolConnection, seed: string): Promise<void> {
  if (seed.trim() !== '') await connection.query(seed);
}

async function snapshotOf(pool: Pool, tables: readonly string[]): Promise<Snapshot> {
  const entries: [string, readonly string[]][] = [];
  for (const table of tables) {
    const columns = await columnsOf(pool, table);
    const [rows] = await pool.query<RowDataPacket[]>(
      `SELECT CONCAT_WS(', ', ${columns.map(canonicalText).join(', ')}) AS row FROM ${table}`,
    );
    entries.push([table, rows.map(({ row }) => String(row)).sort()]);
  }
  return Object.fromEntries(entries);
}

interface Column {
  readonly name: string;
  readonly type: string;
}

/** With those that `SELECT *` leaves out. Tables do not change in the middle of a test. */
async function columnsOf(pool: Pool, table: string): Promise<readonly Column[]> {
  const known = knownColumns.get(pool)?.get(table);
  if (known !== undefined) return known;
  const name = table.startsWith('`') ? table.slice(1, -1).replaceAll('``', '`') : table;
  const [columns] = await pool.query<(RowDataPacket & Column)[]>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`,
    [name],
  );
  if (!knownColumns.has(pool)) knownColumns.set(pool, new Map());
  knownColumns.get(pool)?.set(table, columns);
  return columns;
}

const knownColumns = new WeakMap<Pool, Map<string, readonly Column[]>>();

/** NULL has no quotes, and bytes are hexadecimal. */
function canonicalText({ name, type }: Column): string {
  const column = `\`${name.replaceAll('`', '``')}\``;
  if (NUMBERS.has(type)) return `COALESCE(CAST(${column} + 0 AS CHAR), 'NULL')`;
  if (BYTES.test(type)) return `COALESCE(CONCAT('x', HEX(${column})), 'NULL')`;
  if (FLOATS.has(type)) return `COALESCE(CAST(CAST(${column} AS DOUBLE) AS CHAR), 'NULL')`;
  return `QUOTE(CAST(${column} AS CHAR CHARACTER SET utf8mb4))`;
}

const NUMBERS: ReadonlySet<string> = new Set(['bit']);
const FLOATS: ReadonlySet<string> = new Set(['float', 'double']);
const BYTES = /binary|blob|point|geometry|polygon|linestring/;
