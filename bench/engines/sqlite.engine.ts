import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RESOURCE_IDS } from '../support/resources.js';
import { findSqliteDriver, openSqliteStore } from '../support/product.js';
import type { Engine, RecordWriter } from './engine.interface.js';
import { assertWritten, lifeStatements, statementTexts } from './record-statements.js';

/** As the product sets them, with the wait for the disk inside every COMMIT. */
const PRAGMAS = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -16000;
PRAGMA wal_autocheckpoint = 4000`;

/** Files in a folder of their own. */
export async function sqliteEngine(): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
  const fileOf = (name: string): string => join(folder, `${name}.db`);
  return {
    openStore: (name) => openSqliteStore(fileOf(name)),
    openWriter: async (name) => {
      await (await openSqliteStore(fileOf(name))).close();
      return openWriter(fileOf(name));
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function openWriter(file: string): Promise<RecordWriter> {
  const database = (await findSqliteDriver()).open(file);
  database.exec(PRAGMAS);
  const texts = statementTexts('session', () => '?');
  const prepared = {
    insert: database.prepare(texts.insert),
    update: database.prepare(texts.update),
  };
  const statementsOf = lifeStatements(RESOURCE_IDS);
  return {
    writeLife: (xid) => {
      for (const { kind, values } of statementsOf(xid))
        assertWritten(prepared[kind].run(...values));
      return Promise.resolve();
    },
    close: () => {
      database.close();
      return Promise.resolve();
    },
  };
}
