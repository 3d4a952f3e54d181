import type { Pool, ResultSetHeader, RowDataPacket } from 'mysql2/promise';

import type { TableModel } from '../model.js';
import { rowCondition } from '../row-condition.js';
import type { Row, Snapshot } from '../snapshot.js';
import { inOrder } from '../snapshot.js';
import type { Copy, Database, Outside } from '../world.interface.js';
import { quoteName } from './read-model.js';

/** The server ends the transaction then; nobody who is alone should meet one. */
const ENDS_TRANSACTION: ReadonlySet<number> = new Set([1205, 1213]);

export function databaseOf(pool: Pool): Database {
  return {
    async lend(work) {
      const connection = await pool.getConnection();
      try {
        return await work({
          begin: () => connection.beginTransaction(),
          async send(sql) {
            const [result] = await connection.query<ResultSetHeader | RowDataPacket[]>(sql);
            return Array.isArray(result) ? result.length : result.affectedRows;
          },
          commit: () => connection.commit(),
          rollback: () => connection.rollback(),
        });
      } finally {
        connection.release();
      }
    },
    codeOf(error) {
      const { errno } = error as { readonly errno?: number };
      return errno === undefined || errno <= 0 || ENDS_TRANSACTION.has(errno)
        ? undefined
        : String(errno);
    },
  };
}

/**
 * @param pool for the plays, whose sessions have settings of their own
 * @param plain of the same database
 * @param main name of the database that is copied
 */
export const copyOf = (
  pool: Pool,
  plain: Pool,
  main: string,
  tables: readonly TableModel[],
): Copy => ({
  ...databaseOf(pool),
  snapshot: () => takeSnapshot(plain, tables),
  async setCounters(counters) {
    const are = await readCounters(plain);
    for (const counter of counters) if (!are.includes(counter)) await plain.query(counter);
  },
  align: (some) => align(plain, main, some),
});

export const outsideOf = (plain: Pool, tables: readonly TableModel[]): Outside => ({
  snapshot: () => takeSnapshot(plain, tables),
  counters: () => readCounters(plain),
  // Triggers of the file fire.
  async remove(table, rows) {
    for (const row of rows) {
      await plain.query(`DELETE FROM ${table.sql} WHERE ${rowCondition(table, row)}`);
    }
  },
  async countUndoRows() {
    const [rows] = await plain.query<RowDataPacket[]>(
      "SELECT COUNT(*) AS left_ FROM dtx_undo_row WHERE tbl <> ''",
    );
    return Number(rows[0]?.['left_']);
  },
  async forgetUndoRows() {
    await plain.query('DELETE FROM dtx_undo_row');
  },
});

async function takeSnapshot(pool: Pool, tables: readonly TableModel[]): Promise<Snapshot> {
  const snapshot = new Map<string, readonly Row[]>();
  for (const { columns, from, name } of tables) {
    const sql = `SELECT ${columns.map(({ asText }) => asText).join(', ')} FROM ${from}`;
    const [rows] = await pool.query<RowDataPacket[][]>({ sql, rowsAsArray: true });
    snapshot.set(name, inOrder(rows as unknown as readonly Row[]));
  }
  return snapshot;
}

/** Statements that make the next number of each table what it is here. */
async function readCounters(pool: Pool): Promise<readonly string[]> {
  const [tables] = await pool.query<RowDataPacket[]>(
    `SELECT table_name AS name, CAST(auto_increment AS CHAR) AS next
     FROM information_schema.tables
     WHERE table_schema = DATABASE() AND auto_increment IS NOT NULL AND table_name NOT LIKE 'dtx%'`,
  );
  const [sequences] = await pool.query<RowDataPacket[]>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_type = 'SEQUENCE'`,
  );
  const statements = tables.map(
    ({ name, next }) => `ALTER TABLE ${quoteName(String(name))} AUTO_INCREMENT = ${String(next)}`,
  );
  for (const { name } of sequences) {
    const sequence = quoteName(String(name));
    // A sequence tells its number only to those who take one.
    const [rows] = await pool.query<RowDataPacket[]>(
      `SELECT CAST(NEXTVAL(${sequence}) AS CHAR) AS taken`,
    );
    statements.push(`SELECT SETVAL(${sequence}, ${String(rows[0]?.['taken'])})`);
  }
  return statements;
}

async function align(pool: Pool, main: string, tables: readonly TableModel[]): Promise<void> {
  const connection = await pool.getConnection();
  const send = (sql: string): Promise<unknown> => connection.query(sql);
  try {
    await send(`SET foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'`);
    const triggers = await readTriggers(pool, tables);
    // There is no other way to keep triggers from firing.
    for (const { name } of triggers) await send(`DROP TRIGGER ${quoteName(name)}`);
    for (const { columns, sql } of tables) {
      const given = columns.filter(({ isGenerated }) => !isGenerated);
      const list = given.map(({ quoted }) => quoted).join(', ');
      await send(`DELETE FROM ${sql}`);
      await send(`INSERT INTO ${sql} (${list}) SELECT ${list} FROM ${quoteName(main)}.${sql}`);
    }
    for (const { definition, mode } of triggers) {
      await send(`SET sql_mode = '${mode}'`);
      await send(definition);
    }
  } finally {
    connection.destroy();
  }
}

interface Trigger {
  readonly name: string;
  readonly mode: string;
  readonly definition: string;
}

/** In the order in which they fire. */
async function readTriggers(
  pool: Pool,
  tables: readonly TableModel[],
): Promise<readonly Trigger[]> {
  const [rows] = await pool.query<RowDataPacket[]>(
    `SELECT trigger_name AS name, event_object_table AS tableName
     FROM information_schema.triggers WHERE trigger_schema = DATABASE()
     ORDER BY event_object_table, action_timing, event_manipulation, action_order`,
  );
  const triggers: Trigger[] = [];
  for (const { name, tableName } of rows) {
    if (!tables.some((table) => table.name === tableName)) continue;
    const [[shown]] = await pool.query<RowDataPacket[]>(
      `SHOW CREATE TRIGGER ${quoteName(String(name))}`,
    );
    triggers.push({
      name: String(name),
      mode: String(shown?.['sql_mode']),
      definition: String(shown?.['SQL Original Statement']),
    });
  }
  return triggers;
}
