import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createConnection } from 'mysql2/promise';
import type { ResultSetHeader } from 'mysql2/promise';

import { startMariadb } from '../../tools/mariadb/index.js';
import { RESOURCE_IDS } from '../support/resources.js';
import { openMysqlStore } from '../support/product.js';
import type { Engine, RecordWriter } from './engine.interface.js';
import { assertWritten, lifeStatements, statementTexts } from './record-statements.js';

/** A server of its own, with a database for each store. */
export async function mariadbEngine(): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
  const server = await startMariadb({
    dataDir: join(folder, 'mariadb'),
    durable: true,
    settings: ['--innodb-flush-log-at-trx-commit=1'],
    required: true,
  });
  if (server === undefined) throw new Error('There is no MariaDB.');
  const open = async (name: string): ReturnType<typeof openMysqlStore> => {
    await createDatabase(server.url(), name);
    return openMysqlStore({ url: server.url(name), migrate: true });
  };
  return {
    openStore: open,
    openWriter: async (name) => {
      await (await open(name)).close();
      return openWriter(server.url(name));
    },
    close: async () => {
      await server.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function createDatabase(url: string, name: string): Promise<void> {
  const connection = await createConnection(url);
  await connection.query(`CREATE DATABASE IF NOT EXISTS \`${name}\``);
  await connection.end();
}

async function openWriter(url: string): Promise<RecordWriter> {
  const connection = await createConnection(url);
  const texts = statementTexts('dtx_coordinator_session', () => '?');
  const statementsOf = lifeStatements(RESOURCE_IDS);
  return {
    writeLife: async (xid) => {
      for (const { kind, values } of statementsOf(xid)) {
        const [result] = await connection.execute<ResultSetHeader>(texts[kind], [...values]);
        assertWritten(result.affectedRows);
      }
    },
    close: () => connection.end(),
  };
}
