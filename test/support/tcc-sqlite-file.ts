import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';

import { withDtx } from '../../lib/resource/typeorm/index.js';

interface TccSqliteFile {
  readonly source: DataSource;
  rows(sql: string): readonly Record<string, unknown>[];
  close(): Promise<void>;
}

/** A SQLite file behind TypeORM, wrapped, and a connection past it. */
export async function openTccSqliteFile(schema: readonly string[]): Promise<TccSqliteFile> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-tcc-'));
  const database = join(folder, 'bank.sqlite');
  const outside = new Database(database);
  outside.pragma('journal_mode = WAL');
  for (const statement of schema) outside.exec(statement);
  const source = new DataSource(
    withDtx({ type: 'better-sqlite3', database }, { resourceId: 'accounts' }),
  );
  await source.initialize();
  return {
    source,
    rows: (sql) => outside.prepare(sql).all() as Record<string, unknown>[],
    close: async () => {
      outside.close();
      await source.destroy();
      await rm(folder, { recursive: true });
    },
  };
}
