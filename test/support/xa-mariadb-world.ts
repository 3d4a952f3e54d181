import type { Pool, PoolOptions, RowDataPacket } from 'mysql2/promise';

import type { CoordinatorClient } from '../../lib/protocol/index.js';
import type { AtResourceOptions } from '../../lib/resource/driver/mysql2/index.js';
import { dtxMysqlPool } from '../../lib/resource/driver/mysql2/index.js';
import type { DtxResource, ResourceHost } from '../../lib/resource/index.js';
import { resourceOf } from '../../lib/resource/index.js';
import { scopeOf, tagOf } from '../../lib/resource/xa/index.js';
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
  /** What the data sources started here have prepared; the server lists that of other tests too. */
  prepared(): Promise<readonly string[]>;
  /** Waits until phase two has left nothing of these data sources prepared. */
  untilClean(): Promise<void>;
  balances(): Promise<readonly number[]>;
  close(): Promise<void>;
}

const ACCOUNT = [
  'CREATE TABLE account (id int PRIMARY KEY, owner varchar(20) NOT NULL, balance int NOT NULL)',
  "INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)",
];

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
  const pool = dtxMysqlPool(database.pool({ connectionLimit: 5, ...poolOptions }), {
    // All that tells names of this test from those of others, which use the server meanwhile.
    resourceId: `bank-${database.name}`,
    mode: 'XA',
    ...resourceOptions,
  });
  await start(pool);
  const rows = async (sql: string): Promise<readonly Record<string, unknown>[]> =>
    (await plain.query<RowDataPacket[]>(sql))[0];
  const prepared = async (): Promise<readonly string[]> => {
    const scopes = started.map((resource) => scopeOf(resource.resourceIdFor(host.applicationId)));
    const isOwn = (parts: NameParts): boolean =>
      scopes.some((scope) => tagOf(scope, ...parts) !== undefined);
    return (await listed(plain)).filter(isOwn).map(nameOf);
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
      await pool.end();
      for (const name of await prepared()) await rollBackPrepared(plain, name);
      await database.drop();
    },
  };
}

/** Names of all that is prepared on the server, in whatever database and by whichever test. */
export async function preparedOnServer(pool: Pool): Promise<readonly string[]> {
  return (await listed(pool)).map(nameOf);
}

/** Tries again, for the server has a name for nobody else while it takes the connection down. */
export async function rollBackPrepared(pool: Pool, name: string): Promise<void> {
  await until(async () => {
    await pool.query(`XA ROLLBACK ${name}`).catch(() => undefined);
    return !(await preparedOnServer(pool)).includes(name);
  });
}

type NameParts = readonly [string, string];

async function listed(pool: Pool): Promise<readonly NameParts[]> {
  const [found] = await pool.query<RowDataPacket[]>('XA RECOVER');
  return found.map((row) => {
    const data = String(row['data']);
    const length = Number(row['gtrid_length']);
    return [data.slice(0, length), data.slice(length)];
  });
}

function nameOf([first, second]: NameParts): string {
  return `'${first}','${second}'`;
}
