import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { startPostgres } from '../../tools/postgres/index.js';
import { RESOURCE_IDS } from '../support/resources.js';
import { openPostgresStore } from '../support/product.js';
import type { Engine, RecordWriter } from './engine.interface.js';
import { assertWritten, lifeStatements, statementTexts } from './record-statements.js';

/** A server of its own, with a database for each store. */
export async function postgresEngine(): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-bench-'));
  const server = await startPostgres({
    dataDir: join(folder, 'postgres'),
    durable: true,
    settings: { fsync: 'on', synchronous_commit: 'on' },
  });
  const open = async (name: string): ReturnType<typeof openPostgresStore> =>
    openPostgresStore({ url: await server.createDatabase(name), migrate: true });
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

async function openWriter(connectionString: string): Promise<RecordWriter> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const texts = statementTexts('dtx_coordinator.session', (place) => `$${String(place)}`);
  const statementsOf = lifeStatements(RESOURCE_IDS);
  return {
    writeLife: async (xid) => {
      for (const { kind, values } of statementsOf(xid)) {
        const query = { name: kind, text: texts[kind], values: [...values] };
        assertWritten((await client.query(query)).rowCount);
      }
    },
    close: () => client.end(),
  };
}
