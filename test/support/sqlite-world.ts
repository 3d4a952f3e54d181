import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import * as typeorm1 from 'typeorm';
import type { DataSource, DataSourceOptions, EntitySchema } from 'typeorm';
import * as typeorm03 from 'typeorm-0.3';

import type { CoordinatorClient } from '../../lib/protocol/index.js';
import type { AtResourceOptions } from '../../lib/resource/typeorm/index.js';
import { withDtx } from '../../lib/resource/typeorm/index.js';
import { resourceOf } from '../../lib/resource/index.js';
import { systemClock, systemIds } from '../../lib/system/index.js';
import { TransactionManager } from '../../lib/transaction/index.js';
import { connectEmbedded } from '../../lib/transport/index.js';
import { until } from './until.js';

export type TypeOrm = typeof typeorm1;

/** The two versions differ in their types, not in what tests use. */
export const TYPEORM_VERSIONS: readonly (readonly [string, TypeOrm])[] = [
  ['1.x', typeorm1],
  ['0.3', typeorm03 as unknown as TypeOrm],
];

/** One SQLite file behind TypeORM in AT mode, an embedded coordinator, and a manager over it. */
export interface SqliteWorld {
  readonly file: string;
  readonly source: DataSource;
  /** A connection of its own: what another process sees. */
  readonly outside: Database.Database;
  readonly client: CoordinatorClient;
  readonly manager: TransactionManager;
  readonly logged: readonly string[];
  /** Rows of a query, past the seam. */
  rows(sql: string): readonly unknown[];
  untilClean(): Promise<void>;
  close(): Promise<void>;
}

export interface SqliteWorldOptions {
  readonly typeorm?: TypeOrm;
  readonly schema?: string;
  readonly entities?: readonly EntitySchema[];
  readonly dtx?: AtResourceOptions;
  /** Of the coordinator. @default ':memory:' */
  readonly store?: string;
  readonly source?: Partial<DataSourceOptions> & Record<string, unknown>;
}

/** The account table that most tests write to. */
const ACCOUNT = `
  CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT NOT NULL UNIQUE, balance INT NOT NULL);
  INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100);`;

export async function openSqliteWorld(options: SqliteWorldOptions = {}): Promise<SqliteWorld> {
  const {
    dtx,
    entities = [],
    schema = ACCOUNT,
    source: sourceOptions,
    store = ':memory:',
    typeorm = typeorm1,
  } = options;
  const folder = await mkdtemp(join(tmpdir(), 'dtx-sqlite-'));
  const file = join(folder, 'bank.db');
  const outside = new Database(file);
  outside.pragma('journal_mode = WAL');
  outside.exec(schema);
  const source = new typeorm.DataSource(
    withDtx(
      {
        type: 'better-sqlite3',
        database: file,
        entities: [...entities],
        // The machine does not fall over in a test, and a sync takes its time.
        prepareDatabase: (database: Database.Database) => database.pragma('synchronous = OFF'),
        ...sourceOptions,
      } as DataSourceOptions,
      { resourceId: 'bank', lockWaitTimeoutMs: 200, ...dtx },
    ),
  );
  await source.initialize();
  const client = await connectEmbedded({ store });
  const logged: string[] = [];
  const write = (message: string): void => void logged.push(message);
  const log = { info: write, warn: write, error: write, debug: write };
  const common = { client, clock: systemClock, ids: systemIds, applicationId: 'shop', log };
  const resource = resourceOf(source);
  if (resource === undefined) throw new Error('There is no resource behind the source.');
  await resource.start(common);
  const rows = (sql: string): readonly unknown[] => outside.prepare(sql).all();
  return {
    file,
    source,
    outside,
    client,
    manager: new TransactionManager({ ...common, rollbackWaitMs: 5_000 }),
    logged,
    rows,
    untilClean: () => until(() => rows('SELECT 1 FROM dtx_undo_row').length === 0),
    async close() {
      await resource.stop();
      await client.close();
      await source.destroy();
      outside.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Balances by account, in the order of the ids. */
export function balancesIn(world: SqliteWorld): readonly number[] {
  const found = world.rows('SELECT balance FROM account ORDER BY id') as { balance: number }[];
  return found.map(({ balance }) => balance);
}
