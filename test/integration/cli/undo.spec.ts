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
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** Two rows are written, somebody changes one of them, and then it fails. */
  async function park(manager: TransactionManager, pool: pg.Pool): Promise<string> {
    let parked = '';
    await manager
      .run({ name: 'place-order' }, async () => {
        parked = currentXid() ?? '';
        await pool.query('UPDATE account SET balance = balance - 30, owner = upper(owner)');
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
    (
      await plain.query<{ row: string }>('SELECT t::text AS row FROM account t ORDER BY id')
    ).rows.map(({ row }) => row);

  it('is shown as what the row was, what it became, and what it is', async () => {
    const { err, exitCode, out } = await cli(['undo', 'show', xid], env);

    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(out).toContain(
      [
        `Transaction ${xid}: 1 undo row`,
        `  in postgres://${new URL(database.url).host}/${database.name}`,
        '  rolling-back, needs attention',
        '',
        'public.account  2',
        '    somebody outside of the transaction has changed it since',
        '    COLUMN   BEFORE  AFTER  NOW',
        ' *  owner    bob     BOB    BOB',
        ' *! balance  100     70     7',
        '    2 more columns are the same',
      ].join('\n'),
    );
    expect(out).toContain(`npx nestjs-dtx undo force-before ${xid}\n`);
    expect(widestLine(out)).toBeLessThanOrEqual(100);
  });

  it.each([
    ['keep-current', '(2,BOB,7,'],
    ['force-before', '(2,bob,100,'],
  ])('ends by %s and retry, with nothing left', async (order, row) => {
    const ordered = await cli(['undo', order, xid, '--yes'], env);
    const retried = await cli(['undo', 'retry', xid], env);
    await until(isRolledBack);

    expect(ordered).toMatchObject({ exitCode: 0, err: '' });
    expect(ordered.out).toContain(`Let the rollback end: npx nestjs-dtx retry ${xid}`);
    expect(retried).toMatchObject({ exitCode: 0, err: '' });
    expect(await accounts()).toEqual(['(1,ann,100,)', expect.stringContaining(row)]);
    expect((await cli(['locks'], env)).out).toContain('(0)');
  });

  it.each(['keep-current', 'force-before'])(
    'changes nothing by %s without --yes',
    async (order) => {
      const before = await accounts();

      const { err, exitCode, out } = await cli(['undo', order, xid], env);

      expect({ err, exitCode }).toEqual({
        err: 'Nothing was changed. To do it, add --yes.\n',
        exitCode: 1,
      });
      expect(out).toContain(' *! balance  100     70     7\n');
      expect(await accounts()).toEqual(before);
      expect((await cli(['locks'], env)).out).toContain('(1)');
    },
  );

  it('has nothing to do the second time', async () => {
    await cli(['undo', 'keep-current', xid, '--yes'], env);

    const { exitCode, out } = await cli(['undo', 'keep-current', xid, '--yes'], env);

    expect(exitCode).toBe(0);
    expect(out).toContain(`No undo rows of ${xid} (rolling-back, needs attention) are in`);
  });

  it('is printed as JSON with every column', async () => {
    const { out } = await cli(['undo', 'show', xid, '--json'], env);

    expect(JSON.parse(out)).toMatchObject({
      xid,
      status: 'rolling-back',
      isAll: true,
      rows: [
        {
          table: 'public.account',
          key: '2',
          state: 'dirty',
          before: { id: '2', owner: 'bob', balance: '100', note: 'first \x1b[31mred' },
          current: { balance: '7' },
        },
      ],
    });
  });

  it('is listed among the locks, with its holder', async () => {
    const { out } = await cli(['locks', '--table', 'account'], env);

    expect(out).toMatch(
      new RegExp(
        `^Locks in .* \\(1\\)\n\n${xid}\n  since 20.* UTC \\(.*\\); left by a rollback; ` +
          `rolling-back, needs attention\n    public\\.account  2\n$`,
      ),
    );
    expect(widestLine(out)).toBeLessThanOrEqual(100);
  });

  it('never has a terminal obey what stands in a row, and cuts what is long', async () => {
    await plain.query("UPDATE account SET note = repeat('x', 500) || E'\\x1b[2J' WHERE id = 2");

    const { out } = await cli(['undo', 'show', xid], env);

    expect(out).not.toContain('\x1b');
    expect(out).toMatch(/ {2}! note +first \\u001b\[31mred +first \\u001b\[31mred +x{21}…\n/);
    expect(widestLine(out)).toBeLessThanOrEqual(100);
  });

  it('says so when a transaction has nothing there', async () => {
    const other = 'f'.repeat(40);

    const { err, exitCode, out } = await cli(['undo', 'show', other], env);

    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toContain(`No undo rows of ${other} (not known to the coordinator) are in`);
  });
});
