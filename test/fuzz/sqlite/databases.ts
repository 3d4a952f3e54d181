import { rmSync } from 'node:fs';

import SqliteFile from 'better-sqlite3';
import type Database from 'better-sqlite3';
import type { DataSource } from 'typeorm';

import type { TableModel } from '../model.js';
import { rowCondition } from '../row-condition.js';
import type { Row, Snapshot } from '../snapshot.js';
import { inOrder } from '../snapshot.js';
import type { Copy, Outside, Database as Writable } from '../world.interface.js';
import { quote } from './values.js';

/** An application in AT mode. */
export const databaseOf = (source: DataSource): Writable => ({
  async lend(work) {
    const runner = source.createQueryRunner();
    try {
      return await work({
        begin: () => runner.startTransaction(),
        async send(sql) {
          // Its type promises whatever a statement may answer.
          const { affected, records } = await runner.query(sql, [], true);
          return records.length > 0 ? records.length : (affected ?? 0);
        },
        commit: () => runner.commitTransaction(),
        rollback: () => runner.rollbackTransaction(),
      });
    } finally {
      await runner.release();
    }
  },
  codeOf: (error) => (isPinned(error) ? undefined : codeOf(error)),
  isRefusal: isPinned,
});

/** Nobody else writes to the file, so there is nobody to wait for. */
const OF_A_STATEMENT = /^SQLITE_(?!BUSY|LOCKED|IOERR|CORRUPT|MISUSE)/;

/** UPDATE OR REPLACE would take the very row away that it updates, by a cascade. */
const PINNED = 'SQLITE_CONSTRAINT_PINNED';

const isPinned = (error: unknown): boolean =>
  (error as { readonly code?: unknown }).code === PINNED;

function codeOf(error: unknown): string | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && OF_A_STATEMENT.test(code) ? code : undefined;
}

/** A file as AT mode has it, where REPLACE fires the triggers of a DELETE. */
export function openFile(file: string): Database.Database {
  const database = new SqliteFile(file);
  database.pragma('foreign_keys = ON');
  database.pragma('recursive_triggers = ON');
  database.pragma('synchronous = OFF');
  return database;
}

/** A copy of a file, and what removes it. */
export interface CopiedFile {
  readonly copy: Copy;
  close(): void;
}

export async function copyFile(
  main: Database.Database,
  file: string,
  tables: readonly TableModel[],
): Promise<CopiedFile> {
  const open = async (): Promise<Database.Database> => {
    await main.backup(file);
    return openFile(file);
  };
  const remove = (): void => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  };
  let database = await open();
  const send = (sql: string): Promise<number> =>
    Promise.resolve().then(() => (KEEPS_ROWS.test(sql) ? runWhole : run)(database, sql));
  const copy: Copy = {
    lend: (work) =>
      work({
        begin: () => send('BEGIN'),
        send,
        commit: () => send('COMMIT'),
        rollback: () => send('ROLLBACK'),
      }),
    codeOf,
    snapshot: () => Promise.resolve(takeSnapshot(database, tables)),
    setCounters(counters) {
      for (const counter of counters) database.exec(counter);
      return Promise.resolve();
    },
    // REPLACE does, where rows refer to each other in a circle.
    isUnsound: () => countViolations(database) > countViolations(main),
    // Some tables or all: the others are the same.
    async align() {
      database.close();
      remove();
      database = await open();
    },
  };
  return {
    copy,
    close() {
      database.close();
      remove();
    },
  };
}

const countViolations = (database: Database.Database): number =>
  (database.pragma('foreign_key_check') as readonly unknown[]).length;

/** When a wrong type ends it, SQLite keeps the rows before; not where there are triggers. */
const KEEPS_ROWS = /^(?:INSERT OR (?:IGNORE|REPLACE)|REPLACE)\b/;

/** Leaves nothing when it fails. */
const runWhole = (database: Database.Database, sql: string): number =>
  database.transaction(() => run(database, sql))();

function run(database: Database.Database, sql: string): number {
  const statement = database.prepare(sql);
  return statement.reader ? statement.all().length : statement.run().changes;
}

export const outsideOf = (main: Database.Database, tables: readonly TableModel[]): Outside => ({
  snapshot: () => Promise.resolve(takeSnapshot(main, tables)),
  counters: () => Promise.resolve(readCounters(main)),
  // Triggers of the file fire.
  remove(table, rows) {
    for (const row of rows) main.exec(`DELETE FROM ${table.sql} WHERE ${rowCondition(table, row)}`);
    return Promise.resolve();
  },
  countUndoRows: () =>
    Promise.resolve(main.prepare('SELECT count(*) FROM dtx_undo_row').pluck().get() as number),
  forgetUndoRows() {
    main.exec('DELETE FROM dtx_undo_row');
    return Promise.resolve();
  },
});

function takeSnapshot(database: Database.Database, tables: readonly TableModel[]): Snapshot {
  return new Map(
    tables.map(({ columns, from, name }) => {
      const sql = `SELECT ${columns.map(({ asText }) => asText).join(', ')} FROM ${from}`;
      return [name, inOrder(database.prepare(sql).raw().all() as Row[])];
    }),
  );
}

/** What AUTOINCREMENT has come to. */
function readCounters(database: Database.Database): readonly string[] {
  const has = database
    .prepare(`SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'`)
    .pluck()
    .get();
  if (has === 0) return [];
  const rows = database
    .prepare('SELECT name, CAST(seq AS TEXT) AS seq FROM sqlite_sequence')
    .all() as readonly { readonly name: string; readonly seq: string }[];
  return [
    'DELETE FROM sqlite_sequence',
    ...rows.map(({ name, seq }) => `INSERT INTO sqlite_sequence VALUES (${quote(name)}, ${seq})`),
  ];
}
