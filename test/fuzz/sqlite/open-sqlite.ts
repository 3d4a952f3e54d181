import { join } from 'node:path';

import type Database from 'better-sqlite3';
import { TransactionManager } from 'nestjs-dtx';
import { withDtx } from 'nestjs-dtx/typeorm';
import { DataSource } from 'typeorm';

import type { Closers } from '../closers.js';
import { openInFolder, soon } from '../closers.js';
import { FileError } from '../file-error.js';
import { lockWaitTimeoutMs, startApplication } from '../start-application.js';
import type { World } from '../world.interface.js';
import { copyFile, databaseOf, openFile, outsideOf } from './databases.js';
import { loadFile } from './load-file.js';
import { readModel } from './read-model.js';
import { sqliteDialect } from './statements.js';

export const openSqlite = (sql: string): Promise<World> =>
  openInFolder((folder, closers) => fill(folder, sql, closers));

async function fill(folder: string, sql: string, closers: Closers): Promise<World> {
  const file = join(folder, 'main.db');
  const plain = openFile(file);
  closers.add(async () => {
    plain.close();
  });
  plain.pragma('journal_mode = WAL');
  loadFile(plain, sql);
  const model = readModel(plain);
  const { tables } = model;
  if (tables.length === 0) throw new FileError('There is no table in the file.');
  const derive = async (name: string) => {
    const copied = await copyFile(plain, join(folder, `${name}.db`), tables);
    closers.add(async () => {
      copied.close();
    });
    return copied;
  };
  const [copy, scratch] = [await derive('copy'), await derive('scratch')];
  const options = { type: 'better-sqlite3', database: file } as const;
  const source = await new DataSource(
    withDtx(options, { resourceId: 'fuzz', lockWaitTimeoutMs }),
  ).initialize();
  await source.query('PRAGMA synchronous = OFF');
  const app = await startApplication(join(folder, 'coordinator.db'), source);
  closers.add(async () => {
    await soon(app.close());
    await source.destroy();
  });
  return {
    title: `SQLite ${versionOf(plain)}`,
    dialect: sqliteDialect,
    model,
    manager: app.get(TransactionManager),
    main: databaseOf(source),
    outside: outsideOf(plain, tables),
    copies: [copy.copy, scratch.copy],
    async tryOut(work) {
      const pair = [await derive('try-one'), await derive('try-other')] as const;
      return work(pair[0].copy, pair[1].copy);
    },
    close: closers.close,
  };
}

const versionOf = (database: Database.Database): string =>
  String(database.prepare('SELECT sqlite_version()').pluck().get());
