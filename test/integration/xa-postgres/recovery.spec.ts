import { systemIds } from '../../../lib/system/index.js';
import { resourceOf } from '../../../lib/resource/index.js';
import { scopeOf } from '../../../lib/resource/xa/index.js';
import { until } from '../../support/until.js';
import type { XaWorld } from '../../support/xa-world.js';
import { openXaWorld } from '../../support/xa-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = 1';

/** As a process has left it that is no more: prepared, and nobody here knows of it. */
async function leavePrepared(world: XaWorld, gid: string): Promise<void> {
  const client = await world.plain.connect();
  await client.query('BEGIN');
  await client.query(TAKE);
  await client.query(`PREPARE TRANSACTION '${gid}'`);
  client.release();
}

const gidOf = (xid: string, branchId: string, resourceId = 'bank'): string =>
  `dtx:${xid}|${scopeOf(resourceId)}:${branchId}`;

describe('the recovery scan of PostgreSQL', () => {
  let world: XaWorld;
  beforeEach(async () => {
    world = await openXaWorld({ xaScanIntervalMs: 50, xaHorizonMs: 60_000 });
  });
  afterEach(() => world.close());

  const resource = () => {
    const found = resourceOf(world.pool);
    if (found === undefined) throw new Error('The pool has no resource.');
    return found;
  };

  /** A transaction with one branch that a process has prepared which is gone. */
  const abandoned = async () => {
    const transaction = await world.manager.begin({ name: 'abandoned' });
    const branchId = systemIds.newBranchId();
    const { xid } = transaction;
    await world.client.registerBranch({
      xid,
      branchId,
      type: 'XA',
      // Phase two comes to nobody here, so that the scan has to do it.
      resourceId: 'elsewhere/xa',
      applicationId: 'shop',
    });
    await leavePrepared(world, gidOf(xid, branchId));
    return transaction;
  };

  it('commits what is prepared and decided', async () => {
    const transaction = await abandoned();
    await transaction.commit().catch(() => undefined);
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('rolls back what is prepared and decided against', async () => {
    const transaction = await abandoned();
    await world.client.rollback({ xid: transaction.xid, waitMs: 0 });
    await world.untilClean();

    expect(await world.balances()).toEqual([100, 100]);
  });

  it('leaves alone what is not decided', async () => {
    const transaction = await abandoned();
    const status = jest.spyOn(world.client, 'status');
    await until(() => status.mock.calls.length >= 2);
    status.mockRestore();

    expect(await world.prepared()).toHaveLength(1);
    await world.client.rollback({ xid: transaction.xid, waitMs: 0 });
    await world.untilClean();
  });

  it('leaves alone what the coordinator cannot be asked about', async () => {
    const status = jest.spyOn(world.client, 'status').mockRejectedValue(new Error('no answer'));
    await leavePrepared(world, gidOf(systemIds.newXid(), systemIds.newBranchId()));
    await until(() => status.mock.calls.length >= 2);

    expect(await world.prepared()).toHaveLength(1);
    status.mockRestore();
  });

  it('leaves alone what the coordinator does not know and is within the horizon', async () => {
    await leavePrepared(world, gidOf(systemIds.newXid(), systemIds.newBranchId()));
    const status = jest.spyOn(world.client, 'status');
    await until(() => status.mock.calls.length >= 2);
    status.mockRestore();

    expect(await world.prepared()).toHaveLength(1);
  });

  it('P17: an orphan holds its locks until the horizon, and not for ever', async () => {
    await world.close();
    world = await openXaWorld({ xaScanIntervalMs: 50, xaHorizonMs: 200 });
    await leavePrepared(world, gidOf(systemIds.newXid(), systemIds.newBranchId()));
    await world.untilClean();
    await world.plain.query(TAKE);

    expect(await world.balances()).toEqual([90, 100]);
    expect(world.logged.join('\n')).toMatch(/\(absent\): rollback by the recovery scan/);
  });

  it('never touches what others have prepared, nor other data sources of ours', async () => {
    await world.close();
    world = await openXaWorld({ xaScanIntervalMs: 50, xaHorizonMs: 1 });
    const xid = systemIds.newXid();
    const foreign = [
      'dtx',
      'dtx:',
      `dtx:${xid}`,
      `dtx:${xid}|${scopeOf('bank')}:0`,
      `dtx:${xid}|${scopeOf('bank')}:1:1`,
      `dtx:${xid}|${scopeOf('bank')}:1|1`,
      `dtx:x'); DROP TABLE account; --|${scopeOf('bank')}:1`.replaceAll("'", ''),
      `DTX:${xid}|${scopeOf('bank')}:1`,
      ` dtx:${xid}|${scopeOf('bank')}:1`,
      `dtx:${xid}|${scopeOf('bank')}:1\n`,
      `dtx:${xid}\n|${scopeOf('bank')}:1`,
      `dtx:${xid}||${scopeOf('bank')}:1`,
      `dtx:${xid}|${scopeOf('bank')}:01`,
      `dtx:${xid}|${scopeOf('bank')}:9223372036854775808`,
      `dtx:${'x'.repeat(41)}|${scopeOf('bank')}:1`,
      `dtx:${xid}''|${scopeOf('bank')}:1`,
      `dtx:${xid}\u0301|${scopeOf('bank')}:1`,
      `dtх:${xid}|${scopeOf('bank')}:1`,
      `dtx:${xid}\\|${scopeOf('bank')}:1`,
      gidOf(xid, '1', 'other'),
      '1_Z3RyaWQ=_YnF1YWw=',
    ];
    for (const [index, gid] of foreign.entries()) {
      const client = await world.plain.connect();
      await client.query('BEGIN');
      await client.query(`INSERT INTO account VALUES (${String(index + 10)}, 'x', 0)`);
      await client.query(`PREPARE TRANSACTION '${gid}'`);
      client.release();
    }
    await leavePrepared(world, gidOf(xid, '1'));
    await until(async () => !(await world.prepared()).includes(gidOf(xid, '1')));

    const names = foreign.map((gid) => gid.replaceAll("''", "'"));
    expect([...(await world.prepared())].sort()).toEqual(names.sort());
  });

  it('finds at the next start what a process has left', async () => {
    await resource().stop();
    const transaction = await abandoned();
    await transaction.commit().catch(() => undefined);
    expect(await world.prepared()).toHaveLength(1);

    await world.start(world.pool);
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });

  it('finishes what phase two could not reach while the resource was stopped', async () => {
    const transaction = await world.manager.begin({ name: 'stopped' });
    await transaction.run(() => world.pool.query(TAKE));
    await resource().stop();
    await transaction.commit().catch(() => undefined);
    expect(await world.balances()).toEqual([100, 100]);

    await world.start(world.pool);
    await world.untilClean();

    expect(await world.balances()).toEqual([90, 100]);
  });
});
