import { mkdtemp, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { XaUnavailableError } from '../../../lib/protocol/index.js';
import { dtxPool } from '../../../lib/resource/driver/pg/index.js';
import { resourceOf } from '../../../lib/resource/index.js';
import { withDtx } from '../../../lib/resource/typeorm/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { TransactionManager } from '../../../lib/transaction/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { removePostgres, startPostgres } from '../../../tools/postgres/index.js';

describe('a server with max_prepared_transactions = 0', () => {
  let parent: string;
  let dataDir: string;
  let url: string;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'dtx-xa-'));
    // mkdtemp keeps everybody else out, the server's user among them.
    await chmod(parent, 0o755);
    dataDir = join(parent, 'data');
    const settings = { max_prepared_transactions: '0' };
    url = (await startPostgres({ dataDir, durable: false, settings })).url();
  });
  afterAll(async () => {
    await removePostgres(dataDir);
    await rm(parent, { recursive: true, force: true });
  });

  const hostOver = async () => {
    const client = await connectEmbedded({ store: ':memory:' });
    const nothing = (): undefined => undefined;
    const log = { info: nothing, warn: nothing, error: nothing, debug: nothing };
    return { client, clock: systemClock, ids: systemIds, applicationId: 'shop', log };
  };

  it('P17: is refused at the start of a data source in XA mode, with the fix', async () => {
    const pool = dtxPool(new pg.Pool({ connectionString: url }), { mode: 'XA' });
    const host = await hostOver();

    await expect(resourceOf(pool)?.start(host)).rejects.toMatchObject({
      code: 'DTX_ERR_RM_XA_UNAVAILABLE',
      message: expect.stringMatching(/max_prepared_transactions = 0.*restart the server/) as string,
    });

    await resourceOf(pool)?.stop();
    await pool.end();
    await host.client.close();
  });

  it('serves AT, and refuses the first call that asks for XA', async () => {
    const pool = dtxPool(new pg.Pool({ connectionString: url }));
    await pool.query('CREATE TABLE item (id int PRIMARY KEY)');
    const host = await hostOver();
    await resourceOf(pool)?.start(host);
    const manager = new TransactionManager(host);

    await manager.run({}, () => pool.query('INSERT INTO item VALUES (1)'));
    const run = manager.run({}, () =>
      manager.inMode('XA', () => pool.query('INSERT INTO item VALUES (2)')),
    );

    await expect(run).rejects.toMatchObject({ code: 'DTX_ERR_RM_XA_UNAVAILABLE' });
    expect((await pool.query('SELECT id FROM item')).rows).toEqual([{ id: 1 }]);
    await resourceOf(pool)?.stop();
    await pool.end();
    await host.client.close();
  });
});

describe('SQLite', () => {
  it('is refused for XA', () => {
    const wrap = (): unknown =>
      withDtx({ type: 'better-sqlite3', database: ':memory:' }, { mode: 'XA' });

    expect(wrap).toThrow(XaUnavailableError);
    expect(wrap).toThrow('no two-phase commit');
  });
});
