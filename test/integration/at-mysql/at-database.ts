import { randomBytes } from 'node:crypto';

import type { Pool, PoolConnection, PoolOptions, RowDataPacket } from 'mysql2/promise';

import type { BranchOutcome, BranchTarget } from '../../../lib/protocol/index.js';
import type {
  AtEngine,
  BranchTag,
  Mark,
  SqlSession,
  SqlSource,
} from '../../../lib/resource/at/index.js';
import { IS_NO_FENCE } from '../../../lib/resource/at/mysql/agreement.js';
import type { MysqlEngineOptions } from '../../../lib/resource/at/mysql/index.js';
import { CLEAR_TAG, createMysqlEngine } from '../../../lib/resource/at/mysql/index.js';
import { createTestMariadb } from '../../servers/test-mariadb.js';
import { until } from '../../support/until.js';

type Row = Readonly<Record<string, unknown>>;

/** A database with tables of the test, captured, and what a seam would do with it. */
export interface AtDatabase {
  readonly name: string;
  readonly url: string;
  readonly engine: AtEngine;
  /** The application's connections. */
  readonly pool: Pool;
  /** Sessions of an engine; settings are of the server's kind: `sql_mode = ''`. */
  source(options?: PoolOptions, settings?: string): SqlSource;
  /** An engine of its own, as another process or another role would have it. */
  engineFor(options?: Partial<MysqlEngineOptions>): AtEngine;
  /** A connection that `drop` gives back. */
  connect(settings?: string): Promise<PoolConnection>;
  /** Runs statements outside of every global transaction; gives the rows of the last one. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Runs statements in one local transaction, and commits it. */
  branch(mark: Mark, ...statements: readonly string[]): Promise<void>;
  /** Begins a local transaction on a connection of its own. */
  begin(mark: Mark, settings?: string): Promise<PoolConnection>;
  rollback(tag: BranchTag): Promise<BranchOutcome>;
  commit(tag: BranchTag): Promise<BranchOutcome>;
  /** Every row of the tables as JSON, in order. */
  rows(...tables: readonly string[]): Promise<readonly string[]>;
  /** Waits until a session of the database waits for a lock. */
  untilBlocked(): Promise<void>;
  /** Ends the connections of the test, forgets all branches, and runs the statements. */
  reset(setup: string): Promise<void>;
  drop(): Promise<void>;
}

/** @param setup statements that run before the installation */
export async function createAtDatabase(
  setup: string,
  options?: Partial<MysqlEngineOptions>,
): Promise<AtDatabase> {
  const database = await createTestMariadb();
  const many = { multipleStatements: true };
  const pool = database.pool(many);
  const connections: PoolConnection[] = [];
  const source = (more?: PoolOptions, settings?: string): SqlSource =>
    sourceOf(database.pool(more), settings);
  const engineFor = (own?: Partial<MysqlEngineOptions>): AtEngine =>
    createMysqlEngine({ source: source(), resourceId: 'shop', ...own });
  const engine = engineFor(options);
  const connect = async (settings?: string): Promise<PoolConnection> => {
    const connection = await pool.getConnection();
    connections.push(connection);
    if (settings !== undefined) await connection.query(`SET ${settings}`);
    return connection;
  };
  const begin = async (mark: Mark, settings?: string): Promise<PoolConnection> => {
    const connection = await connect(settings);
    await connection.query(`${engine.tagStatement(mark)}, autocommit = 0`);
    return connection;
  };
  const release = (): void => {
    for (const connection of connections.splice(0)) connection.destroy();
  };
  const one = async (
    work: (targets: readonly BranchTarget[]) => Promise<readonly BranchOutcome[]>,
    tag: BranchTag,
  ): Promise<BranchOutcome> => (await work([tag]))[0]!;
  await pool.query(setup);
  await engine.install();
  return {
    name: database.name,
    url: database.url,
    engine,
    pool,
    source,
    engineFor,
    connect,
    begin,
    async sql(text, values) {
      const [rows] = await pool.query<RowDataPacket[]>(text, values && [...values]);
      return rows;
    },
    async branch(mark, ...statements) {
      const connection = await pool.getConnection();
      try {
        await connection.query(`${engine.tagStatement(mark)}, autocommit = 0`);
        for (const statement of statements) await connection.query(statement);
        await connection.query(`SET ${CLEAR_TAG}, autocommit = 1`);
      } finally {
        connection.destroy();
      }
    },
    rollback: (tag) => one((targets) => engine.rollbackBranches(targets), tag),
    commit: (tag) => one((targets) => engine.commitBranches(targets), tag),
    async rows(...tables) {
      const found: string[] = [];
      for (const table of tables) {
        const [rows] = await pool.query<RowDataPacket[]>(`SELECT * FROM ${table} ORDER BY 1`);
        found.push(...rows.map((row) => JSON.stringify(Object.values(row))));
      }
      return found;
    },
    untilBlocked: () =>
      until(async () => {
        // The server shows waits as they were when it was last asked, if that is not long ago.
        await pool.query('SELECT SLEEP(0.15)');
        const [rows] = await pool.query<RowDataPacket[]>(
          `SELECT 1 FROM information_schema.innodb_trx t
           JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
           WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()`,
        );
        return rows.length > 0;
      }),
    async reset(again) {
      release();
      await pool.query(`DELETE FROM dtx_undo_row; ${again}`);
    },
    async drop() {
      release();
      await database.drop();
    },
  };
}

/** Undo rows that are of a table, or locks, in SQL. */
export const UNDO_ROWS = `dtx_undo_row WHERE ${IS_NO_FENCE}`;

/** What proves the commit of branches, or keeps them from it, in SQL. */
export const FENCES = 'dtx_undo_row WHERE nth = 0';

/** Ids of a branch; several branches of one transaction share the xid. */
export function newTag(xid = randomBytes(16).toString('hex')): BranchTag {
  return { xid, branchId: ((randomBytes(8).readBigUInt64BE() >> 1n) | 1n).toString() };
}

/** What the work failed with. */
export const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** The reason of an outcome that needs a person. */
export const reasonOf = (outcome: BranchOutcome): string =>
  outcome.kind === 'cannot' ? outcome.error : `${outcome.kind} instead of cannot`;

export const DONE: BranchOutcome = { kind: 'done' };

/** Lends connections of the pool, as a resource manager does. */
export function sourceOf(pool: Pool, settings?: string): SqlSource {
  return {
    async withSession(work) {
      const connection = await pool.getConnection();
      try {
        if (settings !== undefined) await connection.query(`SET ${settings}`);
        const result = await work(sessionOf(connection));
        connection.release();
        return result;
      } catch (error) {
        connection.destroy();
        throw error;
      }
    },
  };
}

const sessionOf = (connection: PoolConnection): SqlSession => ({
  async query(text, values) {
    const [result] = await connection.query(text, values && [...values]);
    if (Array.isArray(result)) {
      const rows = result as Record<string, unknown>[];
      return { command: 'SELECT', rowCount: rows.length, rows };
    }
    return { command: '', rowCount: result.affectedRows, rows: [] };
  },
});
