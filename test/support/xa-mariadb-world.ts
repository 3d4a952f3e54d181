import type { Pool, PoolOptions, RowDataPacket } from 'mysql2/promise';

import type { CoordinatorClient } from '../../lib/protocol/index.js';
import type { AtResourceOptions } from '../../lib/resource/driver/mysql2/index.js';
import { dtxMysqlPool } from '../../lib/resource/driver/mysql2/index.js';
import type { DtxResource, ResourceHost } from '../../lib/resource/index.js';
import { resourceOf } from '../../lib/resource/index.js';
import { systemClock, systemIds } from '../../lib/system/index.js';
import { TransactionManager } from '../../lib/transaction/index.js';
import { connectEmbedded } from '../../lib/transport/index.js';
import { createTestMariadb } from '../servers/test-mariadb.js';
import type { TestMariadb } from '../servers/test-mariadb.js';
import { until } from './until.js';

/** One MariaDB database, an embedded coordinator in memory, and a manager over it. */
export interface XaMariadbWorld {
  readonly database: TestMariadb;
  /** In XA mode, if not asked otherwise. */
  readonly pool: Pool;
  /** The driver as it is: what an outsider sees. */
  readonly plain: Pool;
  readonly host: ResourceHost;
  readonly client: CoordinatorClient;
  readonly manager: TransactionManager;
  readonly logged: readonly string[];
  start(source: unknown): Promise<DtxResource>;
  rows(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Names of what this world's data sources have prepared, of all that the server lists. */
  prepared(): Promise<readonly string[]>;
  /** Waits until phase two has left nothing prepared. */
  untilClean(): Promise<void>;
  balances(): Promise<readonly number[]>;
  close(): Promise<void>;
}

const ACCOUNT = [
  'CREATE TABLE account (id int PRIMARY KEY, owner varchar(20) NOT NULL, balance int NOT NULL)',
  "INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)",
];

let count = 0;

export async function openXaMariadbWorld(
  options: AtResourceOptions & { readonly pool?: PoolOptions } = {},
): Promise<XaMariadbWorld> {
  const { pool: poolOptions, ...resourceOptions } = options;
  const database = await createTestMariadb();
  const plain = database.pool();
  for (const statement of ACCOUNT) await plain.query(statement);
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
  count += 1;
  const pool = dtxMysqlPool(database.pool({ connectionLimit: 5, ...poolOptions }), {
    // The server lists what is prepared in all databases, of other test files as well.
    resourceId: `bank-${database.name}-${String(count)}`,
    mode: 'XA',
    ...resourceOptions,
  });
  const before = new Set(await listed(plain));
  await start(pool);
  const rows = async (sql: string): Promise<readonly Record<string, unknown>[]> =>
    (await plain.query<RowDataPacket[]>(sql))[0];
  const prepared = async (): Promise<readonly string[]> =>
    (await listed(plain)).filter((name) => !before.has(name));
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
      await pool.end();
      for (const name of await prepared()) await plain.query(`XA ROLLBACK ${name}`);
      await database.drop();
    },
  };
}

async function listed(pool: Pool): Promise<readonly string[]> {
  const [found] = await pool.query<RowDataPacket[]>('XA RECOVER');
  return found.map((row) => {
    const data = String(row['data']);
    const length = Number(row['gtrid_length']);
    return `'${data.slice(0, length)}','${data.slice(length)}'`;
  });
}
