import { randomBytes } from 'node:crypto';

import type pg from 'pg';

import type { AtEngine, BranchTag, SqlSession, SqlSource } from '../../../lib/resource/at/index.js';
import { createPostgresEngine } from '../../../lib/resource/at/postgres/index.js';
import type { BranchOutcome, BranchTarget } from '../../../lib/protocol/index.js';
import { createTestDatabase } from '../../servers/test-database.js';
import { until } from '../../support/until.js';

/** A database with tables of the test, captured, and what a seam would do with it. */
export interface AtDatabase {
  readonly url: string;
  readonly engine: AtEngine;
  readonly pool: pg.Pool;
  /** A connection that `drop` gives back. */
  connect(config?: pg.PoolConfig): Promise<pg.PoolClient>;
  /** An engine of its own, as another process or another role would have it. */
  engineFor(config?: pg.PoolConfig, schemas?: readonly string[]): AtEngine;
  /** Runs statements outside of every global transaction. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Runs statements in one local transaction of the branch, and commits it. */
  branch(tag: BranchTag, ...statements: readonly string[]): Promise<void>;
  /** Begins a local transaction of the branch on a connection of its own. */
  begin(tag: BranchTag): Promise<pg.PoolClient>;
  rollback(tag: BranchTag): Promise<BranchOutcome>;
  commit(tag: BranchTag): Promise<BranchOutcome>;
  /** Every row of the tables as text, in order. */
  rows(...tables: readonly string[]): Promise<readonly string[]>;
  /** Waits until a session of the database waits for a lock. */
  untilBlocked(): Promise<void>;
  /** Ends the connections of the test, forgets all branches, and runs the statements. */
  reset(setup: string): Promise<void>;
  drop(): Promise<void>;
}

/** @param setup statements that run before the installation */
export async function createAtDatabase(setup: string): Promise<AtDatabase> {
  const database = await createTestDatabase();
  const pool = database.pool();
  const clients: pg.PoolClient[] = [];
  const engineFor = (config?: pg.PoolConfig, schemas?: readonly string[]): AtEngine =>
    createPostgresEngine({
      source: sourceOf(config === undefined ? pool : database.pool(config)),
      resourceId: 'shop',
      schemas,
    });
  const engine = engineFor();
  const connect = async (config?: pg.PoolConfig): Promise<pg.PoolClient> => {
    const client = await (config === undefined ? pool : database.pool(config)).connect();
    client.on('error', ignore);
    clients.push(client);
    return client;
  };
  const begin = async (tag: BranchTag): Promise<pg.PoolClient> => {
    const client = await connect();
    await client.query(`BEGIN; ${engine.tagStatement(tag)}`);
    return client;
  };
  const one = async (
    work: (targets: readonly BranchTarget[]) => Promise<readonly BranchOutcome[]>,
    tag: BranchTag,
  ): Promise<BranchOutcome> => (await work([tag]))[0]!;
  await pool.query(setup);
  await engine.install();
  return {
    url: database.url,
    engine,
    pool,
    connect,
    engineFor,
    begin,
    sql: async (text, values) =>
      (await pool.query<Record<string, unknown>>(text, values && [...values])).rows,
    async branch(tag, ...statements) {
      const client = await pool.connect();
      try {
        await client.query(`BEGIN; ${engine.tagStatement(tag)}`);
        for (const statement of statements) await client.query(statement);
        await client.query('COMMIT');
      } finally {
        client.release(true);
      }
    },
    rollback: (tag) => one((targets) => engine.rollbackBranches(targets), tag),
    commit: (tag) => one((targets) => engine.commitBranches(targets), tag),
    async rows(...tables) {
      const found = await Promise.all(
        tables.map((table) =>
          pool.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t ORDER BY 1`),
        ),
      );
      return found.flatMap(({ rows }) => rows.map(({ row }) => row));
    },
    untilBlocked: () =>
      until(async () => {
        const { rows } = await pool.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database()
           AND wait_event_type = 'Lock'`,
        );
        return rows.length > 0;
      }),
    async reset(again) {
      for (const client of clients.splice(0)) client.release(true);
      await pool.query(`DELETE FROM dtx.undo_row; DELETE FROM dtx.branch_fence; ${again}`);
    },
    async drop() {
      for (const client of clients.splice(0)) client.release(true);
      await database.drop();
    },
  };
}

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
export function sourceOf(pool: pg.Pool): SqlSource {
  return {
    async withSession(work) {
      const client = await pool.connect();
      client.on('error', ignore);
      try {
        const result = await work(sessionOf(client));
        client.off('error', ignore);
        client.release();
        return result;
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
  };
}

/** A session that a test ends on purpose fails by its query. */
const ignore = (): undefined => undefined;

const sessionOf = (client: pg.PoolClient): SqlSession => ({
  async query(text, values) {
    const result = await client.query<Record<string, unknown>>(text, values && [...values]);
    return { command: result.command, rowCount: result.rowCount ?? 0, rows: result.rows };
  },
});
