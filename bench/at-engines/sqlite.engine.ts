import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TransactionManager } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';

import { startApplication } from './application.js';
import type { AtBenchEngine, AtBenchSetup, RowRange, Table } from './at-engine.interface.js';

/**
 * SQLite through TypeORM, in WAL mode and synchronous. TypeORM alone loses rollbacks when two
 * transactions meet on its one connection, so the plain side takes turns, as its users have to.
 */
export async function openSqliteEngine({ tableRows }: AtBenchSetup): Promise<AtBenchEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
  const options = (file: string): DataSourceOptions => ({
    type: 'better-sqlite3',
    database: join(folder, file),
    enableWAL: true,
  });
  const plainSource = await openSource(options('plain.db'), 'plain', tableRows);
  const atSource = await openSource(
    withDtx(options('captured.db'), { resourceId: 'bench' }),
    'captured',
    tableRows,
  );
  const app = await startApplication([atSource], join(folder, 'coordinator.db'));
  const inTurn = turns();
  const [version] = await plainSource.query<{ version: string }[]>(
    'SELECT sqlite_version() AS version',
  );
  return {
    server: `SQLite ${version?.version ?? ''}`,
    manager: app.get(TransactionManager),
    autocommit: (range) =>
      inTurn(async () => {
        await plainSource.query(updateText('plain'), bounds(range));
      }),
    plain: (range) => inTurn(() => update(plainSource, 'plain', range)),
    captured: (range) => update(atSource, 'captured', range),
    // The mark is kept beside the connection, where only the seam can set it.
    captureAlone: undefined,
    clearUndo: () => Promise.resolve(),
    async isUndoEmpty() {
      const rows = await plainRows(atSource, 'SELECT 1 FROM dtx_undo_row LIMIT 1');
      return rows.length === 0;
    },
    countRoundTrips: () => Promise.resolve(undefined),
    async close() {
      await app.close();
      await Promise.all([plainSource.destroy(), atSource.destroy()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openSource(
  options: DataSourceOptions,
  table: Table,
  count: number,
): Promise<DataSource> {
  const source = await new DataSource(options).initialize();
  await source.query('PRAGMA synchronous = FULL');
  await source.query(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)`);
  await source.query(
    `INSERT INTO ${table} WITH RECURSIVE n (id) AS
       (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${String(count)})
     SELECT id, 0 FROM n`,
  );
  return source;
}

const plainRows = (source: DataSource, text: string): Promise<readonly unknown[]> =>
  source.query<unknown[]>(text);

const updateText = (table: Table): string =>
  `UPDATE ${table} SET balance = balance + 1 WHERE id BETWEEN ? AND ?`;

const bounds = ({ first, count }: RowRange): number[] => [first, first + count - 1];

function update(source: DataSource, table: Table, range: RowRange): Promise<void> {
  return source.transaction(async (manager) => {
    await manager.query(updateText(table), bounds(range));
  });
}

/** Runs one piece of work after the other. */
function turns(): (work: () => Promise<void>) => Promise<void> {
  let tail: Promise<void> = Promise.resolve();
  return (work) => {
    const running = tail.then(work);
    tail = running.catch(() => undefined);
    return running;
  };
}
