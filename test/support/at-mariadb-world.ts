import type { Pool, PoolOptions, RowDataPacket } from 'mysql2/promise';

import type { CoordinatorClient } from '../../lib/protocol/index.js';
import { dtxMysqlPool } from '../../lib/resource/driver/mysql2/index.js';
import type { AtResourceOptions } from '../../lib/resource/driver/mysql2/index.js';
import { resourceOf } from '../../lib/resource/index.js';
import type { DtxResource } from '../../lib/resource/index.js';
import { systemClock, systemIds } from '../../lib/system/index.js';
import { TransactionManager } from '../../lib/transaction/index.js';
import { connectEmbedded } from '../../lib/transport/index.js';
import { createTestMariadb } from '../servers/test-mariadb.js';
import type { TestMariadb } from '../servers/test-mariadb.js';
import { until } from './until.js';

/** One MariaDB database in AT mode, an embedded coordinator in memory, and a manager over it. */
export interface AtMariadbWorld {
  readonly database: TestMariadb;
  /** In AT mode. */
  readonly pool: Pool;
  /** The driver as it is: what an outsider sees. */
  readonly plain: Pool;
  readonly client: CoordinatorClient;
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
export const ACCOUNT: readonly string[] = [
  'CREATE TABLE account (id int PRIMARY KEY, owner varchar(20) NOT NULL, balance int NOT NULL)',
  "INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)",
];

export async function openAtMariadbWorld(
  schema: readonly string[] = ACCOUNT,
  options: AtResourceOptions & { readonly pool?: PoolOptions; readonly store?: string } = {},
): Promise<AtMariadbWorld> {
  const { pool: poolOptions, store = ':memory:', ...resourceOptions } = options;
  const database = await createTestMariadb();
  const plain = database.pool();
  for (const statement of schema) await plain.query(statement);
  const client = await connectEmbedded({ store });
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
  const pool = dtxMysqlPool(database.pool({ connectionLimit: 5, ...poolOptions }), {
    resourceId: 'bank',
    ...resourceOptions,
  });
  await start(pool);
  const rows = async (sql: string): Promise<readonly unknown[]> =>
    (await plain.query<RowDataPacket[]>(sql))[0];
  return {
    database,
    pool,
    plain,
    client,
    manager: new TransactionManager({ ...common, rollbackWaitMs: 5_000 }),
    logged,
    start,
    rows,
    untilClean: () =>
      until(async () => (await rows("SELECT 1 FROM dtx_undo_row WHERE tbl <> ''")).length === 0),
    async close() {
      for (const resource of started) await resource.stop();
      await client.close();
      await database.drop();
    },
  };
}

/** Balances by account, in the order of the ids. */
export async function balances(world: AtMariadbWorld): Promise<readonly number[]> {
  const found = await world.rows('SELECT balance FROM account ORDER BY id');
  return found.map((row) => (row as { balance: number }).balance);
}
