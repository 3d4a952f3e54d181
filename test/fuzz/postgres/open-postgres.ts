import { join } from 'node:path';

import { TransactionManager } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import pg from 'pg';

import type { RunningPostgres } from '../../../tools/postgres/index.js';
import { startPostgres } from '../../../tools/postgres/index.js';
import type { Closers } from '../closers.js';
import { openInFolder, soon } from '../closers.js';
import { FileError } from '../file-error.js';
import type { TableModel } from '../model.js';
import { lockWaitTimeoutMs, startApplication } from '../start-application.js';
import type { Copy, Database, Outside, World } from '../world.interface.js';
import { copyRows, deleteRows, readSequences, takeSnapshot } from './align.js';
import { loadFile } from './load-file.js';
import { readCatalogue } from './read-model.js';
import { dialectOf } from './statements.js';

export const openPostgres = (sql: string): Promise<World> =>
  openInFolder(async (folder, closers) => {
    const server = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false });
    closers.add(() => server.remove());
    return fill(server, join(folder, 'coordinator.db'), sql, closers);
  });

async function fill(
  server: RunningPostgres,
  store: string,
  sql: string,
  closers: Closers,
): Promise<World> {
  const admin = poolOf(server.url());
  closers.add(() => admin.end());
  const derive = async (name: string): Promise<string> => {
    await admin.query(`CREATE DATABASE ${name} TEMPLATE origin`);
    return server.url(name);
  };
  await loadFile(await server.createDatabase('origin'), sql);
  const urls = { main: await derive('main'), copy: await derive('copy') };
  const pools = [poolOf(urls.copy), poolOf(await derive('scratch'))] as const;
  const plain = poolOf(urls.main, '-c session_replication_role=replica');
  closers.add(() => Promise.all([...pools, plain].map((pool) => pool.end())));
  const model = await readCatalogue(plain);
  const { schemas, tables, version } = model;
  if (tables.length === 0) throw new FileError('There is no table in the file.');
  const pool = dtxPool(poolOf(urls.main), { resourceId: 'fuzz', schemas, lockWaitTimeoutMs });
  const app = await startApplication(store, pool);
  closers.add(async () => {
    await soon(app.close());
    await pool.end();
  });
  const copyOf = (each: pg.Pool): Copy => toCopy(each, plain, tables);
  return {
    title: `PostgreSQL ${String(version)}`,
    dialect: dialectOf(version),
    model,
    manager: app.get(TransactionManager),
    main: databaseOf(pool),
    outside: outsideOf(plain, tables),
    copies: [copyOf(pools[0]), copyOf(pools[1])],
    async tryOut(work) {
      const pair = [poolOf(await derive('try_one')), poolOf(await derive('try_other'))] as const;
      try {
        return await work(copyOf(pair[0]), copyOf(pair[1]));
      } finally {
        await soon(Promise.all(pair.map((each) => each.end())));
        await server.dropDatabase('try_one');
        await server.dropDatabase('try_other');
      }
    },
    close: closers.close,
  };
}

function databaseOf(pool: pg.Pool): Database {
  return {
    async lend(work) {
      const client = await pool.connect();
      try {
        return await work({
          begin: () => client.query('BEGIN'),
          send: async (sql) => (await client.query(sql)).rowCount ?? 0,
          commit: () => client.query('COMMIT'),
          rollback: () => client.query('ROLLBACK'),
        });
      } finally {
        client.release();
      }
    },
    codeOf(error) {
      const { code } = error as { readonly code?: unknown };
      return typeof code === 'string' && SQLSTATE.test(code) ? code : undefined;
    },
  };
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

const toCopy = (pool: pg.Pool, plain: pg.Pool, tables: readonly TableModel[]): Copy => ({
  ...databaseOf(pool),
  snapshot: () => takeSnapshot(pool, tables),
  async setCounters(counters) {
    if (counters.length > 0) await pool.query(counters.join('; '));
  },
  async align(some) {
    await copyRows(pool, await takeSnapshot(plain, some), some);
  },
});

const outsideOf = (plain: pg.Pool, tables: readonly TableModel[]): Outside => ({
  snapshot: () => takeSnapshot(plain, tables),
  counters: () => readSequences(plain),
  remove: (table, rows) => deleteRows(plain, table, rows),
  async countUndoRows() {
    const { rows } = await plain.query<{ left: number }>(
      'SELECT count(*)::int AS left FROM dtx.undo_row',
    );
    return rows[0]?.left ?? 0;
  },
  async forgetUndoRows() {
    await plain.query('DELETE FROM dtx.undo_row');
  },
});

/** Connections that are idle when the server stops at the end are no failure. */
function poolOf(connectionString: string, options?: string): pg.Pool {
  const config = { connectionString, max: 4, ...(options !== undefined && { options }) };
  return new pg.Pool(config).on('error', () => undefined);
}
