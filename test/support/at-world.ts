import type pg from 'pg';

import { dtxPool } from '../../lib/resource/driver/pg/index.js';
import type { AtResourceOptions } from '../../lib/resource/driver/pg/index.js';
import { resourceOf } from '../../lib/resource/index.js';
import type { DtxResource } from '../../lib/resource/index.js';
import { systemClock, systemIds } from '../../lib/system/index.js';
import { TransactionManager } from '../../lib/transaction/index.js';
import { connectEmbedded } from '../../lib/transport/index.js';
import { createTestDatabase } from '../servers/test-database.js';
import type { TestDatabase } from '../servers/test-database.js';
import { until } from './until.js';

/** One database in AT mode, an embedded coordinator in memory, and a manager over it. */
export interface AtWorld {
  readonly database: TestDatabase;
  /** In AT mode. */
  readonly pool: pg.Pool;
  /** The driver as it is: what an outsider sees. */
  readonly plain: pg.Pool;
  readonly manager: TransactionManager;
  readonly logged: readonly string[];
  /** Starts the resource of a further pool or data source. */
  start(source: unknown): Promise<void>;
  /** All rows of a query, through the plain pool. */
  rows(sql: string): Promise<readonly unknown[]>;
  /** Waits until phase two has left nothing: no undo row, hence no lock. */
  untilClean(): Promise<void>;
  close(): Promise<void>;
}

/** The account table that most tests write to. */
export const ACCOUNT = `
  CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance int NOT NULL);
  INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)`;

export async function openAtWorld(
  schema: string = ACCOUNT,
  options: AtResourceOptions & { readonly poolSize?: number } = {},
): Promise<AtWorld> {
  const { poolSize = 5, ...resourceOptions } = options;
  const database = await createTestDatabase();
  const plain = database.pool();
  await plain.query(schema);
  const client = await connectEmbedded({ store: ':memory:' });
  const logged: string[] = [];
  const write = (message: string): void => void logged.push(message);
  const log = { info: write, warn: write, error: write, debug: write };
  const common = { client, clock: systemClock, ids: systemIds, applicationId: 'shop', log };
  const started: DtxResource[] = [];
  const start = async (source: unknown): Promise<void> => {
    const resource = resourceOf(source);
    if (resource === undefined) throw new Error('There is no resource behind the source.');
    started.push(resource);
    await resource.start(common);
  };
  const pool = dtxPool(database.pool({ max: poolSize }), {
    resourceId: 'bank',
    ...resourceOptions,
  });
  await start(pool);
  const rows = async (sql: string): Promise<readonly unknown[]> =>
    (await plain.query<Record<string, unknown>>(sql)).rows;
  return {
    database,
    pool,
    plain,
    manager: new TransactionManager({ ...common, rollbackWaitMs: 5_000 }),
    logged,
    start,
    rows,
    untilClean: () => until(async () => (await rows('SELECT 1 FROM dtx.undo_row')).length === 0),
    async close() {
      for (const resource of started) await resource.stop();
      await client.close();
      await database.drop();
    },
  };
}

/** Balances by account, in the order of the ids. */
export async function balances(world: AtWorld): Promise<readonly number[]> {
  const found = await world.rows('SELECT balance FROM account ORDER BY id');
  return found.map((row) => (row as { balance: number }).balance);
}
