import type pg from 'pg';

import type { AtResourceOptions } from '../../lib/resource/driver/pg/index.js';
import { dtxPool } from '../../lib/resource/driver/pg/index.js';
import type { DtxResource, ResourceHost } from '../../lib/resource/index.js';
import { resourceOf } from '../../lib/resource/index.js';
import type { CoordinatorClient } from '../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../lib/system/index.js';
import { TransactionManager } from '../../lib/transaction/index.js';
import { connectEmbedded } from '../../lib/transport/index.js';
import { createTestDatabase } from '../servers/test-database.js';
import type { TestDatabase } from '../servers/test-database.js';
import { until } from './until.js';

/** One database, an embedded coordinator in memory, and a manager over it. */
export interface XaWorld {
  readonly database: TestDatabase;
  /** In XA mode, if not asked otherwise. */
  readonly pool: pg.Pool;
  /** The driver as it is: what an outsider sees. */
  readonly plain: pg.Pool;
  readonly host: ResourceHost;
  readonly client: CoordinatorClient;
  readonly manager: TransactionManager;
  readonly logged: readonly string[];
  start(source: unknown): Promise<DtxResource>;
  rows(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Names of what is prepared in the database, whoever has done it. */
  prepared(): Promise<readonly string[]>;
  /** Waits until phase two has left nothing prepared. */
  untilClean(): Promise<void>;
  balances(): Promise<readonly number[]>;
  close(): Promise<void>;
}

const ACCOUNT = `
  CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance int NOT NULL);
  INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)`;

export async function openXaWorld(
  options: AtResourceOptions & { readonly poolSize?: number } = {},
): Promise<XaWorld> {
  const { poolSize = 5, ...resourceOptions } = options;
  const database = await createTestDatabase();
  const plain = database.pool();
  await plain.query(ACCOUNT);
  const client = await connectEmbedded({ store: ':memory:' });
  const logged: string[] = [];
  const write = (message: string): void => void logged.push(message);
  const log = { info: write, warn: write, error: write, debug: write };
  const host = { client, clock: systemClock, ids: systemIds, applicationId: 'shop', log };
  const started: DtxResource[] = [];
  const start = async (source: unknown): Promise<DtxResource> => {
    const resource = resourceOf(source);
    if (resource === undefined) throw new Error('There is no resource behind the source.');
    started.push(resource);
    await resource.start(host);
    return resource;
  };
  const pool = dtxPool(database.pool({ max: poolSize }), {
    resourceId: 'bank',
    mode: 'XA',
    ...resourceOptions,
  });
  await start(pool);
  const rows = async (sql: string): Promise<readonly Record<string, unknown>[]> =>
    (await plain.query<Record<string, unknown>>(sql)).rows;
  const prepared = async (): Promise<readonly string[]> => {
    const found = await rows(
      'SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared',
    );
    return found.map(({ gid }) => String(gid));
  };
  return {
    database,
    pool,
    plain,
    host,
    client,
    manager: new TransactionManager({ ...host, rollbackWaitMs: 5_000 }),
    logged,
    start,
    rows,
    prepared,
    untilClean: () => until(async () => (await prepared()).length === 0),
    async balances() {
      const found = await rows('SELECT balance FROM account ORDER BY id');
      return found.map(({ balance }) => Number(balance));
    },
    async close() {
      for (const resource of started) await resource.stop();
      await client.close();
      for (const gid of await prepared()) {
        await plain.query(`ROLLBACK PREPARED '${gid.replaceAll("'", "''")}'`);
      }
      await database.drop();
    },
  };
}
