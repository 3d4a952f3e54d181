import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TransactionManager } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import { withDtx } from 'nestjs-dtx/typeorm';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';

import { startPostgres } from '../../tools/postgres/index.js';
import { startApplication, tagStatementsOf } from './application.js';
import type { AtBenchEngine, RowRange, AtBenchSetup } from './at-engine.interface.js';
import { POOL_SIZE } from './at-engine.interface.js';
import { countRoundTrips } from './pg-round-trips.js';

const tables = (count: number): string => `
  CREATE SCHEMA apart;
  CREATE TABLE apart.plain (id integer PRIMARY KEY, balance bigint NOT NULL);
  CREATE TABLE captured (id integer PRIMARY KEY, balance bigint NOT NULL);
  INSERT INTO apart.plain SELECT id, 0 FROM generate_series(1, ${String(count)}) AS id;
  INSERT INTO captured SELECT id, 0 FROM generate_series(1, ${String(count)}) AS id;
  VACUUM ANALYZE apart.plain;
  VACUUM ANALYZE captured`;

type Table = 'apart.plain' | 'captured';

/** A local transaction over one way to reach the server. */
type Update = (table: Table, rows: RowRange) => Promise<void>;

/** PostgreSQL from npm, with fsync on. */
export async function openPostgresEngine({
  through,
  tableRows,
}: AtBenchSetup): Promise<AtBenchEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
  const server = await startPostgres({
    dataDir: join(folder, 'postgres'),
    durable: true,
    settings: { fsync: 'on', synchronous_commit: 'on', max_connections: '120' },
  });
  const url = await server.createDatabase('bench');
  const plainPool = poolOf(url);
  for (const statement of tables(tableRows).split(';')) await plainPool.query(statement);
  const atPool = dtxPool(poolOf(url), { resourceId: 'bench', schemas: ['public'] });
  const options = { type: 'postgres', url, poolSize: POOL_SIZE } satisfies DataSourceOptions;
  const plainSource = await new DataSource(options).initialize();
  const atSource = await new DataSource(
    withDtx(options, { resourceId: 'bench-typeorm', schemas: ['public'] }),
  ).initialize();
  const app = await startApplication([atPool, atSource], join(folder, 'coordinator.db'));
  const nextTagStatement = tagStatementsOf(atPool);
  const isRaw = through === 'raw';
  const plain = isRaw ? overPg(plainPool) : overTypeOrm(plainSource);
  const captured = isRaw ? overPg(atPool) : overTypeOrm(atSource);
  const { rows } = await plainPool.query<{ server_version: string }>('SHOW server_version');
  return {
    server: `PostgreSQL ${rows[0]?.server_version ?? ''}`,
    manager: app.get(TransactionManager),
    async autocommit(range) {
      await plainPool.query(updateText('apart.plain', range), [...bounds(range)]);
    },
    plain: (range) => plain('apart.plain', range),
    captured: (range) => captured('captured', range),
    captureAlone: (range) =>
      withClient(plainPool, async (client) => {
        await inOnePacket(client, ['BEGIN', nextTagStatement()], () =>
          client.query(updateText('captured', range), [...bounds(range)]),
        );
        await client.query('COMMIT');
      }),
    async clearUndo() {
      await plainPool.query('TRUNCATE dtx.undo_row, dtx.branch_fence');
    },
    async isUndoEmpty() {
      return (await plainPool.query('SELECT 1 FROM dtx.undo_row LIMIT 1')).rowCount === 0;
    },
    countRoundTrips: () => countRoundTrips({ url, port: server.port }),
    async close() {
      await app.close();
      await Promise.all([plainPool.end(), atPool.end()]);
      await Promise.all([plainSource.destroy(), atSource.destroy()]);
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Connections that are idle when the server stops at the end are no failure. */
function poolOf(connectionString: string): pg.Pool {
  return new pg.Pool({ connectionString, max: POOL_SIZE }).on('error', () => undefined);
}

function updateText(table: Table, { count }: RowRange): string {
  const rows = count === 1 ? 'id = $1' : 'id BETWEEN $1 AND $2';
  return `UPDATE ${table} SET balance = balance + 1 WHERE ${rows}`;
}

const bounds = ({ first, count }: RowRange): readonly number[] =>
  count === 1 ? [first] : [first, first + count - 1];

interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(statement: { readonly text: string }): void;
  bind(portal: object): void;
  execute(portal: object): void;
}

/** As the seam does it: BEGIN and the mark leave in the packet of the first statement. */
async function inOnePacket(
  client: pg.PoolClient,
  opening: readonly string[],
  send: () => Promise<unknown>,
): Promise<void> {
  const wire = (client as unknown as { readonly connection: Wire }).connection;
  wire.stream.cork();
  for (const text of opening) {
    wire.parse({ text });
    wire.bind({});
    wire.execute({});
  }
  const sent = send();
  wire.stream.uncork();
  await sent;
}

function overPg(pool: pg.Pool): Update {
  return (table, range) =>
    withClient(pool, async (client) => {
      await client.query('BEGIN');
      await client.query(updateText(table, range), [...bounds(range)]);
      await client.query('COMMIT');
    });
}

async function withClient(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  let isDone = false;
  try {
    await work(client);
    isDone = true;
  } finally {
    // What has failed may have left a transaction open.
    if (!isDone) await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}

function overTypeOrm(source: DataSource): Update {
  return (table, range) =>
    source.transaction(async (manager) => {
      await manager.query(updateText(table, range), [...bounds(range)]);
    });
}
