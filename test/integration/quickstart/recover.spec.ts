import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Databases } from '../../../sample/01-quickstart/databases.js';
import { recoverOutcomes } from '../../../sample/01-quickstart/place-rest.js';
import { RunFolder } from '../../../sample/01-quickstart/run-folder.js';
import { createRunDatabases, type RunDatabases } from './run-databases.js';

describe('a run that is resumed', () => {
  let path: string;
  let folder: RunFolder;
  let databases: RunDatabases;
  let pools: Databases['pools'];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'dtx-recover-'));
    folder = new RunFolder(path);
    databases = await createRunDatabases();
    ({ pools } = databases);
    await pools.orders.query(`INSERT INTO orders VALUES ('A1'), ('A2')`);
    await folder.record('A1', 'COMMITTED');
    await folder.record('A3', 'OUT_OF_STOCK');
  });

  afterEach(async () => {
    await databases.drop();
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
      `2 changes are still not settled. See what holds them up with ` +
        `npx nestjs-dtx transactions --store ${join(path, 'coordinator.db')}`,
    );
  });
});
