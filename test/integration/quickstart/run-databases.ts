import { type Databases, perService } from '../../../sample/01-quickstart/databases.js';
import { createTestDatabase, type TestDatabase } from '../../servers/test-database.js';

/** Three databases with undo rows and, in the first, orders. */
export interface RunDatabases {
  readonly pools: Databases['pools'];
  drop(): Promise<void>;
}

export async function createRunDatabases(): Promise<RunDatabases> {
  const databases: TestDatabase[] = [];
  const pools = await perService(async () => {
    const database = await createTestDatabase();
    databases.push(database);
    const pool = database.pool();
    await pool.query('CREATE SCHEMA dtx; CREATE TABLE dtx.undo_row (seq int)');
    return pool;
  });
  await pools.orders.query('CREATE TABLE orders (id text PRIMARY KEY)');
  return {
    pools,
    async drop() {
      for (const database of databases) await database.drop();
    },
  };
}
