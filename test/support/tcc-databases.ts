import { dtxMysqlPool } from '../../lib/resource/driver/mysql2/index.js';
import { dtxPool } from '../../lib/resource/driver/pg/index.js';
import { createTestDatabase } from '../servers/test-database.js';
import { createTestMariadb } from '../servers/test-mariadb.js';
import { openTccSqliteFile } from './tcc-sqlite-file.js';

/** A database with the table that TCC actions of tests work on. */
export interface TccDatabase {
  /** Wrapped. */
  readonly source: unknown;
  readonly fenceTable: string;
  /** A write through the wrapped source. */
  run(sql: string): Promise<void>;
  /** Statements on one connection. */
  runAll(statements: readonly string[]): Promise<void>;
  /** Two writes in one local transaction, and what comes between them. */
  runBoth(first: string, between: () => Promise<void>, second: string): Promise<void>;
  /** Past the seam. */
  rows(sql: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

const SCHEMA: readonly string[] = [
  'CREATE TABLE tcc_account (id int PRIMARY KEY, balance int NOT NULL, frozen int NOT NULL)',
  'INSERT INTO tcc_account VALUES (1, 100, 0)',
];

async function openPostgres(): Promise<TccDatabase> {
  const database = await createTestDatabase();
  const plain = database.pool();
  for (const statement of SCHEMA) await plain.query(statement);
  const source = dtxPool(database.pool({ max: 4 }), { resourceId: 'accounts' });
  return {
    source,
    fenceTable: 'dtx.tcc_fence',
    run: async (sql) => {
      await source.query(sql);
    },
    runAll: async (statements) => {
      const client = await source.connect();
      try {
        for (const statement of statements) await client.query(statement);
      } finally {
        client.release();
      }
    },
    runBoth: async (first, between, second) => {
      const client = await source.connect();
      try {
        await client.query('BEGIN');
        await client.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
        await client.query(first);
        await between();
        await client.query(second);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    },
    rows: async (sql) => (await plain.query<Record<string, unknown>>(sql)).rows,
    close: () => database.drop(),
  };
}

async function openMariadb(): Promise<TccDatabase> {
  const database = await createTestMariadb();
  const plain = database.pool();
  for (const statement of SCHEMA) await plain.query(statement);
  const source = dtxMysqlPool(database.pool({ connectionLimit: 4 }), { resourceId: 'accounts' });
  return {
    source,
    fenceTable: 'dtx_tcc_fence',
    run: async (sql) => {
      await source.query(sql);
    },
    runAll: async (statements) => {
      const connection = await source.getConnection();
      try {
        for (const statement of statements) await connection.query(statement);
      } finally {
        connection.release();
      }
    },
    runBoth: async (first, between, second) => {
      const connection = await source.getConnection();
      try {
        await connection.beginTransaction();
        await connection.query(first);
        await between();
        await connection.query(second);
        await connection.commit();
      } catch (error) {
        await connection.rollback();
        throw error;
      } finally {
        connection.release();
      }
    },
    rows: async (sql) => (await plain.query(sql))[0] as Record<string, unknown>[],
    close: () => database.drop(),
  };
}

async function openSqlite(): Promise<TccDatabase> {
  const { source, rows, close } = await openTccSqliteFile(SCHEMA);
  return {
    source,
    fenceTable: 'dtx_tcc_fence',
    run: async (sql) => {
      await source.query(sql);
    },
    runAll: async (statements) => {
      const runner = source.createQueryRunner();
      try {
        for (const statement of statements) await runner.query(statement);
      } finally {
        await runner.release();
      }
    },
    runBoth: (first, between, second) =>
      source.transaction(async (manager) => {
        await manager.query(first);
        await between();
        await manager.query(second);
      }),
    rows: (sql) => Promise.resolve(rows(sql)),
    close,
  };
}

/** Every database that fences are written for. */
export const TCC_DATABASES: readonly (readonly [string, () => Promise<TccDatabase>])[] = [
  ['PostgreSQL', openPostgres],
  ['MariaDB', openMariadb],
  ['SQLite', openSqlite],
];
