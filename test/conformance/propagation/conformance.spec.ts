import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { dtxPool } from 'nestjs-dtx/pg';

import { createTestDatabase } from '../../servers/test-database.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { describeRedis, testRedis } from '../../servers/test-redis.js';
import { CARRIERS } from './carriers/index.js';
import { redisCarrier } from './carriers/redis.carrier.js';
import type { ConformanceCarrier } from './carrier.interface.js';
import type { Ledger } from './ledger.js';
import { casesFor } from './suite.js';
import { openWorld } from './world.js';
import type { World } from './world.js';

describe.each(CARRIERS.map((carrier) => [carrier.name, carrier] as const))(
  'the xid over %s',
  (_name, carrier) => {
    hold(carrier);
  },
);

// Without a server its tests are skipped, but listed all the same.
const redis = describeRedis === describe ? testRedis() : { host: '127.0.0.1', port: 0 };

describeRedis('the xid over Nest Redis', () => {
  hold(redisCarrier(redis));
});

/** Holds a carrier to all cases, with a database of PostgreSQL behind each application. */
function hold(carrier: ConformanceCarrier): void {
  let folder: string;
  let world: World;
  const databases: TestDatabase[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dtx-conformance-'));
    const openLedger = async (resourceId: string): Promise<Ledger> => {
      const database = await createTestDatabase();
      databases.push(database);
      return postgresLedger(database, resourceId);
    };
    world = await openWorld(carrier, { store: join(folder, 'coordinator.db'), openLedger });
  });
  afterAll(async () => {
    await world.close();
    await Promise.all(databases.map((database) => database.drop()));
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(casesFor(carrier).map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    await expect(one.run(world)).resolves.toBeUndefined();
  });
}

async function postgresLedger(database: TestDatabase, resourceId: string): Promise<Ledger> {
  const plain = database.pool();
  await plain.query('CREATE TABLE entry (id serial PRIMARY KEY, text text NOT NULL)');
  const pool = dtxPool(database.pool(), { resourceId });
  return {
    source: pool,
    write: async (text) => {
      await pool.query('INSERT INTO entry (text) VALUES ($1)', [text]);
    },
    rows: async () => {
      const { rows } = await plain.query<{ text: string }>('SELECT text FROM entry ORDER BY id');
      return rows.map((row) => row.text);
    },
  };
}
