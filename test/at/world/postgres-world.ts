import type pg from 'pg';

import type { AtResourceOptions } from '../../../lib/resource/driver/pg/index.js';
import { dtxPool } from '../../../lib/resource/driver/pg/index.js';
import { createTestDatabase } from '../../servers/test-database.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { composeWorld } from './compose-world.js';
import type { Lend } from './run-step.js';
import { runStep } from './run-step.js';
import { openDataSource, typeOrmApplication } from './typeorm-application.js';
import type { Application, PlainDatabase, World, WorldOptions } from './world.interface.js';

/** Settings that change how values look as text, or how texts are read. */
const HOSTILE = Object.entries({
  datestyle: 'SQL,DMY',
  intervalstyle: 'sql_standard',
  timezone: 'America/St_Johns',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  lc_monetary: 'C',
  xmloption: 'document',
  quote_all_identifiers: 'on',
  standard_conforming_strings: 'off',
})
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');

export async function openPostgresWorld(server: string, options: WorldOptions): Promise<World> {
  const database = await createTestDatabase(server);
  await layOut(database, options.schema);
  const plain = plainOf(database);
  const { close, ...seam } = await openSeam(database, options);
  const texts = async (sql: string): Promise<readonly string[]> => {
    const { rows } = await seam.outside.query<{ text: string }>(sql);
    return rows.map(({ text }) => text);
  };
  return composeWorld({
    ...seam,
    plain,
    url: database.url,
    rollbackWaitMs: options.rollbackWaitMs,
    setting: options.setting,
    close,
    locks: () => texts(LOCKS),
    remains: () => texts(REMAINS),
    forget: () => plain.sql('DELETE FROM dtx.undo_row; DELETE FROM dtx.branch_fence'),
  });
}

export async function openPostgresPlain(server: string, schema: string): Promise<PlainDatabase> {
  const database = await createTestDatabase(server);
  await layOut(database, schema);
  return plainOf(database);
}

/** On a connection of its own: one that is there already does not see settings of the database. */
async function layOut(database: TestDatabase, schema: string): Promise<void> {
  const pool = database.pool({ max: 1 });
  await pool.query(schema);
  await pool.end();
}

const LOCKS = "SELECT format('%s %s is held by %s', tbl, pk, xid) AS text FROM dtx.undo_row";

const REMAINS = `
SELECT format('a fence of %s, state %s', xid, state) AS text FROM dtx.branch_fence
UNION ALL
SELECT format('a session that is %s: %s', state, query) FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%'
UNION ALL
SELECT format('a prepared transaction %s', gid) FROM pg_prepared_xacts
WHERE database = current_database()`;

interface OpenSeam {
  readonly app: Application;
  readonly source: unknown;
  readonly outside: pg.Pool;
  close(): Promise<void>;
}

async function openSeam(database: TestDatabase, options: WorldOptions): Promise<OpenSeam> {
  const { hostile = false, lockWaitTimeoutMs, seam = 'driver' } = options;
  const dtx: AtResourceOptions = {
    resourceId: 'shop',
    ...options.dtx,
    ...(lockWaitTimeoutMs !== undefined && { lockWaitTimeoutMs }),
  };
  const settings = hostile ? { options: HOSTILE } : {};
  const outside = database.pool({ max: 2 });
  if (seam === 'driver') {
    const pool = dtxPool(database.pool({ max: 4, ...settings }), dtx);
    return { app: poolApplication(pool), source: pool, outside, close: nothing };
  }
  const source = await openDataSource(
    seam,
    { type: 'postgres', url: database.url, extra: { max: 4, ...settings } },
    dtx,
  );
  return { app: typeOrmApplication(source), source, outside, close: () => source.destroy() };
}

const nothing = (): Promise<void> => Promise.resolve();

function poolApplication(pool: pg.Pool): Application {
  const lend: Lend = async (work) => {
    const client = await pool.connect();
    try {
      await work({
        begin: () => client.query('BEGIN'),
        send: (sql) => client.query(sql),
        commit: () => client.query('COMMIT'),
        rollback: () => client.query('ROLLBACK'),
      });
    } finally {
      client.release();
    }
  };
  return {
    run: (step) => runStep(step, (sql) => pool.query(sql), lend),
    query: async (sql) => (await pool.query<Record<string, unknown>>(sql)).rows,
  };
}

/** Counters begin again, so that a case finds the numbers of its copy. */
const RESTART = `SELECT setval(oid, 1, false) FROM pg_class
  WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace`;

function plainOf(database: TestDatabase): PlainDatabase {
  const pool = database.pool({ max: 2 });
  const app = poolApplication(pool);
  const sql = async (text: string): Promise<void> => {
    await pool.query(text);
  };
  return {
    sql,
    run: (step) => app.run(step),
    async snapshot(tables) {
      const selects = tables.map(
        (table, n) => `SELECT ${String(n)} AS n, t::text COLLATE "C" AS row FROM ${table} t`,
      );
      const { rows } = await pool.query<{ n: number; row: string }>(
        `${selects.join(' UNION ALL ')} ORDER BY 1, 2`,
      );
      const of = (n: number): string[] => rows.filter((row) => row.n === n).map(({ row }) => row);
      return Object.fromEntries(tables.map((table, n) => [table, of(n)]));
    },
    // TRUNCATE would make new files for each table and index.
    refill: (tables, seed) =>
      sql(`SET session_replication_role = replica;
        ${tables.map((table) => `DELETE FROM ${table};`).join(' ')} ${RESTART};
        SET session_replication_role = origin; ${seed}`),
    drop: () => database.drop(),
  };
}
