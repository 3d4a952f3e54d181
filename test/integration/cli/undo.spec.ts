import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type pg from 'pg';

import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { dtxPool } from '../../../lib/resource/driver/pg/index.js';
import { resourceOf } from '../../../lib/resource/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { TransactionManager, currentXid } from '../../../lib/transaction/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { createTestDatabase } from '../../servers/test-database.js';
import { until } from '../../support/until.js';
import { cli, widestLine } from './at-cli.js';

const SCHEMA = `
  CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance int NOT NULL, note text);
  INSERT INTO account VALUES (1, 'ann', 100, NULL), (2, 'bob', 100, 'first \x1b[31mred')`;

describe('A rollback that leaves a row to a person', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dtx-undo-'));
  let database: TestDatabase;
  let plain: pg.Pool;
  let client: CoordinatorClient;
  let close: () => Promise<void>;
  let env: Readonly<Record<string, string>>;
  let xid: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    plain = database.pool();
    await plain.query(SCHEMA);
    const store = join(folder, `${database.name}.db`);
    env = { DATABASE_URL: database.url, DTX_STORE_URL: store };
    client = await connectEmbedded({ store });
    const quiet = (): void => undefined;
    const host = {
      client,
      clock: systemClock,
      ids: systemIds,
      applicationId: 'shop',
      log: { info: quiet, warn: quiet, error: quiet, debug: quiet },
    };
    const pool = dtxPool(database.pool(), { resourceId: 'bank' });
    const resource = resourceOf(pool);
    await resource?.start(host);
    close = async () => {
      await resource?.stop();
      await client.close();
      await database.drop();
    };
    const manager = new TransactionManager({ ...host, rollbackWaitMs: 0 });
    xid = await park(manager, pool);
  });

  afterEach(() => close());
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Two rows are written, somebody changes one of them, and then it fails. */
  async function park(manager: TransactionManager, pool: pg.Pool): Promise<string> {
    let parked = '';
    await manager
      .run({ name: 'place-order' }, async () => {
        parked = currentXid() ?? '';
        await pool.query("UPDATE account SET balance = balance - 30, owner = upper(owner)");
        await plain.query('UPDATE account SET balance = 7 WHERE id = 2');
        throw new Error('no');
      })
      .catch(() => undefined);
    await until(async () => (await branchStatuses(parked)).includes('needs-attention'));
    return parked;
  }
  const branchStatuses = async (of = xid): Promise<readonly string[]> =>
    (await client.status({ xid: of })).branches.map(({ status }) => status);
  const isRolledBack = async (): Promise<boolean> =>
    (await client.status({ xid })).status === 'rolled-back';
  const accounts = async (): Promise<readonly unknown[]> =>
    (await plain.query<{ row: string }>('SELECT t::text AS row FROM account t ORDER BY id')).rows.map(
      ({ row }) => row,
    );

  it('shows what the row was, what it became, and what it is', async () => {
    const { err, exitCode, out } = await cli(['undo', 'show', xid], env);

    console.log(out);
    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(widestLine(out)).toBeLessThanOrEqual(100);
  });
  it.each([
    ['keep-current', '(2,BOB,7,'],
    ['force-before', '(2,bob,100,'],
  ])('ends after %s and retry, with nothing left', async (order, row) => {
    const preview = await cli(['undo', order, xid], env);
    const untouched = await accounts();
    const ordered = await cli(['undo', order, xid, '--yes'], env);
    const retried = await cli(['undo', 'retry', xid], env);
    console.log(preview.out+preview.err, ordered.out, retried.out);
    const l = await cli(['locks'], env);
    console.log(l.out, l.err);
    await until(isRolledBack);
    expect(untouched[1]).toContain('(2,BOB,7,');
    expect((await accounts())[1]).toContain(row);
  });
  it('shows locks', async () => {
    const l = await cli(['locks'], env);
    console.log(l.out, l.err);
    const s = await cli(['at', 'status'], env);
    console.log(s.out, s.err);
    await plain.query('CREATE TABLE late (a int primary key); CREATE TABLE nokey (a int); alter table account add extra int');
    const s2 = await cli(['at', 'status', '--database', database.url], env);
    console.log(s2.out, s2.err, s2.exitCode);
    const p = await cli(['at', 'print'], env);
    console.log(p.out.slice(0, 1500), p.err);
    const sh = await cli(['undo', 'show', xid], env);
    console.log(sh.out);
    const i = await cli(['at', 'install'], env);
    console.log(i.out, i.err);
    const u = await cli(['at', 'uninstall'], env);
    console.log(u.out, u.err);
    expect(1).toBe(1);
  });
});
