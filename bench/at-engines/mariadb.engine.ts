import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createPool } from 'mysql2/promise';
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';
import { TransactionManager } from 'nestjs-dtx';
import { dtxMysqlPool } from 'nestjs-dtx/mysql2';
import { withDtx } from 'nestjs-dtx/typeorm';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';

import { startMariadb } from '../../tools/mariadb/index.js';
import { startApplication, tagStatementsOf } from './application.js';
import type { AtBenchEngine, AtBenchSetup, RowRange, Table } from './at-engine.interface.js';
import { POOL_SIZE } from './at-engine.interface.js';

type Update = (table: Table, rows: RowRange) => Promise<void>;

/** MariaDB from this machine or Debian, durable. */
export async function openMariadbEngine({
  through,
  tableRows,
}: AtBenchSetup): Promise<AtBenchEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
  const server = await startMariadb({
    dataDir: join(folder, 'mariadb'),
    durable: true,
    required: true,
  });
  if (server === undefined) throw new Error('There is no MariaDB to measure.');
  const url = await createDatabase(server.url(), server.url('bench'));
  const plainPool = createPool({ uri: url, connectionLimit: POOL_SIZE });
  for (const table of ['plain', 'captured'] as const) await fill(plainPool, table, tableRows);
  const atPool = dtxMysqlPool(createPool({ uri: url, connectionLimit: POOL_SIZE }), {
    resourceId: 'bench',
  });
  const options = { type: 'mysql', url, poolSize: POOL_SIZE } satisfies DataSourceOptions;
  const plainSource = await new DataSource(options).initialize();
  const atSource = await new DataSource(
    withDtx(options, { resourceId: 'bench-typeorm' }),
  ).initialize();
  const app = await startApplication([atPool, atSource], join(folder, 'coordinator.db'));
  // The schema of AT is the database, so the table without triggers has to lose them.
  await dropTriggers(plainPool, 'plain');
  const nextTagStatement = tagStatementsOf(atPool);
  const isRaw = through === 'raw';
  const plain = isRaw ? overMysql2(plainPool) : overTypeOrm(plainSource);
  const captured = isRaw ? overMysql2(atPool) : overTypeOrm(atSource);
  return {
    server: `MariaDB ${server.version}`,
    manager: app.get(TransactionManager),
    async autocommit(range) {
      await plainPool.query(updateText('plain', range), [...bounds(range)]);
    },
    plain: (range) => plain('plain', range),
    captured: (range) => captured('captured', range),
    captureAlone: (range) =>
      withConnection(plainPool, async (connection) => {
        // As the seam does it: the same number of statements as plain.
        await connection.query(`${nextTagStatement()}, autocommit = 0`);
        await connection.query(updateText('captured', range), [...bounds(range)]);
        await connection.query('SET @dtx_tag = NULL, @dtx_branch = NULL, autocommit = 1');
      }),
    async clearUndo() {
      await plainPool.query('TRUNCATE dtx_undo_row');
    },
    async isUndoEmpty() {
      const [rows] = await plainPool.query<RowDataPacket[]>(
        "SELECT 1 FROM dtx_undo_row WHERE tbl <> '' LIMIT 1",
      );
      return rows.length === 0;
    },
    countRoundTrips: () => Promise.resolve(undefined),
    async close() {
      await app.close();
      await Promise.all([plainPool.end(), atPool.end()]);
      await Promise.all([plainSource.destroy(), atSource.destroy()]);
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function createDatabase(serverUrl: string, url: string): Promise<string> {
  const pool = createPool({ uri: serverUrl, connectionLimit: 1 });
  await pool.query('CREATE DATABASE bench');
  await pool.end();
  return url;
}

async function fill(pool: Pool, table: Table, count: number): Promise<void> {
  await pool.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, balance BIGINT NOT NULL)`);
  await pool.query('SET max_recursive_iterations = 1000000');
  await pool.query(
    `INSERT INTO ${table} WITH RECURSIVE n (id) AS
       (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${String(count)})
     SELECT id, 0 FROM n`,
  );
  await pool.query(`ANALYZE TABLE ${table}`);
}

async function dropTriggers(pool: Pool, table: Table): Promise<void> {
  const [triggers] = await pool.query<RowDataPacket[]>(
    `SELECT trigger_name AS name FROM information_schema.triggers
     WHERE trigger_schema = DATABASE() AND event_object_table = ?`,
    [table],
  );
  for (const { name } of triggers) await pool.query(`DROP TRIGGER \`${String(name)}\``);
}

function updateText(table: Table, { count }: RowRange): string {
  const rows = count === 1 ? 'id = ?' : 'id BETWEEN ? AND ?';
  return `UPDATE ${table} SET balance = balance + 1 WHERE ${rows}`;
}

const bounds = ({ first, count }: RowRange): readonly number[] =>
  count === 1 ? [first] : [first, first + count - 1];

function overMysql2(pool: Pool): Update {
  return (table, range) =>
    withConnection(pool, async (connection) => {
      await connection.beginTransaction();
      await connection.query(updateText(table, range), [...bounds(range)]);
      await connection.commit();
    });
}

async function withConnection(
  pool: Pool,
  work: (connection: PoolConnection) => Promise<void>,
): Promise<void> {
  const connection = await pool.getConnection();
  let isDone = false;
  try {
    await work(connection);
    isDone = true;
  } finally {
    // What has failed may have left a transaction open.
    if (!isDone) await connection.rollback().catch(() => undefined);
    connection.release();
  }
}

function overTypeOrm(source: DataSource): Update {
  return (table, range) =>
    source.transaction(async (manager) => {
      await manager.query(updateText(table, range), [...bounds(range)]);
    });
}
