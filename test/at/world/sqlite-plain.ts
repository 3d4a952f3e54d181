import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import Database from 'better-sqlite3';

import { runStep } from './run-step.js';
import type { PlainDatabase } from './world.interface.js';

const FOLDER = '.cache/test-at-sqlite';

/** A file of a test's own, and a connection to it that knows nothing of the framework. */
export interface PlainSqlite extends PlainDatabase {
  readonly file: string;
  texts(sql: string): readonly string[];
}

export function plainSqlite(): PlainSqlite {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${String(process.pid)}-${randomBytes(6).toString('hex')}.db`);
  const database = new Database(file);
  // Others read while somebody writes, as applications have it.
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = OFF');
  const send = (sql: string): Promise<unknown> => Promise.resolve().then(() => run(database, sql));
  const texts = (sql: string): readonly string[] =>
    database.prepare(sql).pluck().all() as readonly string[];
  return {
    file,
    texts,
    sql: (text) =>
      Promise.resolve().then(() => {
        database.exec(text);
      }),
    run: (step) =>
      runStep(step, send, (work) =>
        work({
          begin: () => send('BEGIN'),
          send,
          commit: () => send('COMMIT'),
          rollback: () => send('ROLLBACK'),
        }),
      ),
    snapshot: (tables) =>
      Promise.resolve(
        Object.fromEntries(
          tables.map((table) => [table, [...texts(rowTexts(database, table))].sort()]),
        ),
      ),
    refill(tables, seed) {
      database.pragma('foreign_keys = OFF');
      database.exec(tables.map((table) => `DELETE FROM ${table};`).join(' '));
      const counted = texts(`SELECT name FROM sqlite_master WHERE name = 'sqlite_sequence'`);
      if (counted.length > 0) database.exec('DELETE FROM sqlite_sequence');
      database.pragma('foreign_keys = ON');
      database.exec(seed);
      return Promise.resolve();
    },
    drop() {
      database.close();
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
      return Promise.resolve();
    },
  };
}

function run(database: Database.Database, sql: string): unknown {
  const statement = database.prepare(sql);
  return statement.reader ? statement.all() : statement.run();
}

/** One text per row; type and value of every column. */
function rowTexts(database: Database.Database, table: string): string {
  const name = table.startsWith('"') ? table.slice(1, -1).replaceAll('""', '"') : table;
  const columns = database
    .prepare('SELECT name FROM pragma_table_xinfo(?)')
    .pluck()
    .all(name) as readonly string[];
  const parts = columns.map((column) => {
    const quoted = `"${column.replaceAll('"', '""')}"`;
    return `typeof(${quoted}) || ' ' || quote(${quoted})`;
  });
  return `SELECT ${parts.join(` || ', ' || `)} FROM ${table}`;
}
