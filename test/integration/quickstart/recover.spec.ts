import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Databases, perService } from '../../../sample/01-quickstart/databases.js';
import { recoverOutcomes } from '../../../sample/01-quickstart/place-rest.js';
import { RunFolder } from '../../../sample/01-quickstart/run-folder.js';
import { createTestDatabase, type TestDatabase } from '../../servers/test-database.js';

describe('a run that is resumed', () => {
  let path: string;
  let folder: RunFolder;
  let databases: TestDatabase[];
  let pools: Databases['pools'];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'dtx-recover-'));
    folder = new RunFolder(path);
    databases = [];
    pools = await perService(async () => {
      const database = await createTestDatabase();
      databases.push(database);
      const pool = database.pool();
      await pool.query('CREATE SCHEMA dtx; CREATE TABLE dtx.undo_row (seq int)');
      return pool;
    });
    await pools.orders.query(`CREATE TABLE orders AS VALUES ('A1'), ('A2')`);
    await pools.orders.query('ALTER TABLE orders RENAME column1 TO id');
    await folder.record('A1', 'COMMITTED');
    await folder.record('A3', 'OUT_OF_STOCK');
  });

  afterEach(async () => {
    for (const database of databases) await database.drop();
    await rm(path, { recursive: true, force: true });
  });

  it('knows an order that was committed, though the killed run had not noted it', async () => {
    expect(await recoverOutcomes(pools, folder)).toEqual(
      new Map([
        ['A1', 'COMMITTED'],
        ['A2', 'COMMITTED'],
        ['A3', 'OUT_OF_STOCK'],
      ]),
    );
  });

  it('looks only when all that was under way is settled', async () => {
    await pools.stock.query('INSERT INTO dtx.undo_row VALUES (1)');
    const looked = once(pools.stock, 'release');
    const recovered = recoverOutcomes(pools, folder);
    await looked;
    await pools.orders.query(`DELETE FROM orders WHERE id = 'A2'`);
    await pools.stock.query('DELETE FROM dtx.undo_row');

    expect([...(await recovered).keys()]).toEqual(['A1', 'A3']);
  });

  it('does not go on when something stays unsettled, and says where to look', async () => {
    await pools.accounts.query('INSERT INTO dtx.undo_row VALUES (1), (2)');

    await expect(recoverOutcomes(pools, folder, 100)).rejects.toThrow(
      `2 changes of the killed run are still not settled. See what holds them up with ` +
        `npx nestjs-dtx transactions --store ${join(path, 'coordinator.db')}`,
    );
  });
});
