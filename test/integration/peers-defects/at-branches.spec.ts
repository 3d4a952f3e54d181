import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createConnection } from 'mysql2/promise';
import pg from 'pg';

import type { BranchHandler, BranchOutcome } from '../../../lib/protocol/index.js';
import { codeOf } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import type { GlobalTransaction } from '../../../lib/transaction/index.js';
import type { Engine } from '../../at/world/engines.js';
import { describeEngines } from '../../at/world/engines.js';
import type { Snapshot, World, WorldOptions } from '../../at/world/world.interface.js';
import { until } from '../../support/until.js';
import type { CliAnswer } from '../cli/at-cli.js';
import { cli } from '../cli/at-cli.js';

const SCHEMA = 'CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)';
const SEED = 'INSERT INTO account VALUES (1, 100), (2, 100)';
const TABLES = ['account'];

/** What AT modes of the field are known to get wrong, on every engine that we have. */
describeEngines((engine) => {
  let world: World;
  let before: Snapshot;

  const open = async (options: Partial<WorldOptions> = {}): Promise<void> => {
    const usual = { schema: SCHEMA, lockWaitTimeoutMs: 1_000, rollbackWaitMs: 200 };
    world = await engine.open({ ...usual, ...options });
    await world.refill(TABLES, SEED);
    before = await accounts();
  };
  afterEach(() => world.drop());

  const accounts = (): Promise<Snapshot> => world.snapshot(TABLES);
  const holderOf = async (...work: readonly string[]): Promise<GlobalTransaction> => {
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(async () => {
      for (const statement of work) await world.app.run(statement);
    });
    return holder;
  };
  const setBalance = (id: number, balance: number): string =>
    `UPDATE account SET balance = ${String(balance)} WHERE id = ${String(id)}`;
  const runSecond = (statement: string): Promise<void> =>
    world.manager.run({ name: 'second' }, () => world.app.run(statement));
  const untilParked = (xid: string): Promise<void> =>
    until(async () =>
      (await world.client.status({ xid })).branches.some(
        ({ status }) => status === 'needs-attention',
      ),
    );

  const desk = (order: string, xid: string, ...options: string[]): Promise<CliAnswer> => {
    const url = engine.dialect === 'sqlite' ? `sqlite:${world.url}` : world.url;
    return cli(['undo', order, xid, '--yes', '--database', url, ...options]);
  };

  /*
   * In early versions of Seata a rollback that came before the undo log of a branch found nothing
   * to undo and was done; then the branch committed, and its effect stayed.
   */
  it('P4: lets no local transaction commit whose rollback has come before it', async () => {
    let handler: BranchHandler | undefined;
    const branchId = '4711';
    await open({
      setting: {
        ids: { newXid: () => systemIds.newXid(), newBranchId: () => branchId },
        between: (attached) => {
          if (attached.type === 'AT') handler = attached;
          return attached;
        },
      },
    });
    const holder = await world.manager.begin({ name: 'late' });
    const outcomes = await handler?.rollbackBranches([{ xid: holder.xid, branchId }]);

    const late = holder.run(() => world.app.run([setBalance(1, 0), setBalance(2, 0)]));

    await expect(late).rejects.toMatchObject({ code: 'DTX_ERR_RM_FENCED' });
    expect(outcomes).toEqual([{ kind: 'done' }]);
    expect(await accounts()).toEqual(before);
    await holder.rollback();
    await world.untilClean();
    expect(await accounts()).toEqual(before);
  });

  /* The same, with the rollback behind the registration and before the first row. */
  it('P4: a rollback while the first statement waits leaves nothing of it', async () => {
    await open();
    const holder = await world.manager.begin({ name: 'late' });
    const hold = await heldByOutsider(engine, world);
    const late = holder.run(() => world.app.run([setBalance(1, 0)])).catch(codeOf);
    if (hold === undefined) await late;
    await until(async () => (await world.client.status(holder)).branches.length === 1);
    const rolledBack = await world.client.rollback({ xid: holder.xid, waitMs: 5_000 });

    await hold?.();

    if (hold !== undefined) expect(await late).toBe('DTX_ERR_RM_FENCED');
    expect(rolledBack.status).toBe('rolled-back');
    await world.untilClean();
    expect(await accounts()).toEqual(before);
  });

  /*
   * Seata sorts the undo logs of a branch and the branches of a transaction by times, whose
   * fractions some databases drop; undone in the wrong order, a row looks like a stranger's.
   */
  it('P5: undoes a row that many statements and branches have written in one moment', async () => {
    await open();
    const holder = await world.manager.begin({ name: 'many' });
    await holder.run(async () => {
      for (let n = 0; n < 5; n += 1) {
        await world.app.run([setBalance(1, n), setBalance(2, n + 50), setBalance(1, n + 100)]);
        await world.app.run('DELETE FROM account WHERE id = 2');
        await world.app.run(`INSERT INTO account VALUES (2, ${String(n)}), (${String(n + 3)}, 0)`);
      }
    });

    const { status } = await world.client.rollback({ xid: holder.xid, waitMs: 5_000 });

    expect(status).toBe('rolled-back');
    expect(await accounts()).toEqual(before);
    await world.untilClean();
  });

  /*
   * In Seata a writer without the annotation of the global lock overwrites what a transaction still
   * holds. Its rollback then stops at that row, and the rest has to be found out by hand.
   */
  it('P6: refuses strangers a row that a transaction holds, where the guard is on', async () => {
    await open({ dtx: { guard: true } });
    const holder = await holderOf(setBalance(1, 70));
    const outsider = engine.dialect === 'sqlite' ? world.app.run : world.sql;

    const error: unknown = await outsider(setBalance(1, 7)).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ message: expect.stringContaining(holder.xid) as string });
    await outsider(setBalance(2, 7));
    await world.client.rollback({ xid: holder.xid, waitMs: 5_000 });
    expect((await accounts())['account']?.join(' ')).toMatch(/1.*100.*2.*7/);
    await world.untilClean();
  });

  it('P6: leaves what a stranger has written, restores the rest, and says which row', async () => {
    await open();
    const holder = await holderOf(setBalance(1, 70), setBalance(2, 130));
    await world.sql(setBalance(1, 7));
    const written = await accounts();

    const { branches, status } = await world.client.rollback({ xid: holder.xid, waitMs: 500 });

    await untilParked(holder.xid);
    expect(status).toBe('rolling-back');
    expect(branches).toHaveLength(2);
    expect((await accounts())['account']?.[0]).toEqual(written['account']?.[0]);
    expect((await accounts())['account']?.[1]).toEqual(before['account']?.[1]);
    const parked = (await world.client.status(holder)).branches.filter(
      (branch) => branch.status === 'needs-attention',
    );
    expect(parked).toHaveLength(1);
    expect(parked[0]?.lastError).toContain('account');
  });

  it.each([
    ['keep-current', 'written'],
    ['force-before', 'before'],
  ] as const)('P6: ends such a rollback by one order of a person: %s', async (order, kept) => {
    await open();
    const holder = await holderOf(setBalance(1, 70));
    await world.sql(setBalance(1, 7));
    const written = await accounts();
    await holder.rollback().catch(() => undefined);
    await untilParked(holder.xid);

    const answer = await desk(order, holder.xid);
    await world.operate('retry', holder.xid);

    expect(answer).toMatchObject({ exitCode: 0, err: '' });
    await until(async () => (await world.client.status(holder)).status === 'rolled-back');
    expect(await accounts()).toEqual({ written, before }[kept]);
    await world.untilClean();
    await runSecond(setBalance(1, 8));
  });

  /* In a mode of Seata rows stayed locked for ever when the retries of phase two were over. */
  it('P7: a commit whose phase two was given up keeps no row from anybody', async () => {
    await open({ setting: { patience: { attemptsMax: 1 }, between: neverDone } });
    const holder = await holderOf(setBalance(1, 70));
    await world.client.commit({ xid: holder.xid, waitMs: 0 });
    await untilParked(holder.xid);

    await runSecond(setBalance(1, 71));

    expect((await accounts())['account']?.[0]).toContain('71');
  });

  it('P7: a rollback that was given up says who holds the row, and one order ends it', async () => {
    let isDown = true;
    await open({
      setting: {
        patience: { attemptsMax: 1 },
        between: (handler) => onlyWhile(() => isDown, handler),
      },
    });
    const holder = await holderOf(setBalance(1, 70));
    await world.client.rollback({ xid: holder.xid, waitMs: 0 });
    await untilParked(holder.xid);
    const refused: unknown = await runSecond(setBalance(1, 71)).catch((error: unknown) => error);
    isDown = false;

    await world.operate('retry', holder.xid);

    await until(async () => (await world.client.status(holder)).status === 'rolled-back');
    expect(refused).toMatchObject({
      code: 'DTX_ERR_RM_LOCK_CONFLICT',
      holderXid: holder.xid,
    });
    expect(await accounts()).toEqual(before);
    await world.untilClean();
    await runSecond(setBalance(1, 71));
  });

  it('P7: rows of a branch that a person has accepted are not held for ever', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dtx-accepted-'));
    const store = join(folder, 'coordinator.db');
    await open({ setting: { store, patience: { attemptsMax: 1 }, between: neverDone } });
    const holder = await holderOf(setBalance(1, 70));
    await world.client.rollback({ xid: holder.xid, waitMs: 0 });
    await untilParked(holder.xid);
    await world.operate('accept', holder.xid);
    await until(async () => (await world.client.status(holder)).status === 'rolled-back');
    const refused: unknown = await runSecond(setBalance(1, 71)).catch((error: unknown) => error);

    const answer = await desk('force-before', holder.xid, '--store', store);

    expect(refused).toMatchObject({
      code: 'DTX_ERR_RM_LOCK_CONFLICT',
      message: expect.stringContaining(`"nestjs-dtx undo show ${holder.xid}"`) as string,
    });
    expect(answer).toMatchObject({ exitCode: 0, err: '' });
    expect(await accounts()).toEqual(before);
    await runSecond(setBalance(1, 71));
    await rm(folder, { recursive: true });
  });
});

const RETRY: BranchOutcome = { kind: 'retry', error: 'the resource cannot be reached' };

/** A handler whose database is away while the test says so. */
function onlyWhile(isDown: () => boolean, handler: BranchHandler): BranchHandler {
  const { resourceId, type } = handler;
  return {
    resourceId,
    type,
    commitBranches: async (targets) =>
      isDown() ? targets.map(() => RETRY) : handler.commitBranches(targets),
    rollbackBranches: async (targets) =>
      isDown() ? targets.map(() => RETRY) : handler.rollbackBranches(targets),
  };
}

const neverDone = (handler: BranchHandler): BranchHandler => onlyWhile(() => true, handler);

const LOCK = 'SELECT balance FROM account WHERE id = 1 FOR UPDATE';

/** Holds row 1 as somebody who knows nothing of us; undefined where rows cannot be held. */
async function heldByOutsider(
  { dialect }: Engine,
  { url }: World,
): Promise<(() => Promise<void>) | undefined> {
  if (dialect === 'sqlite') return undefined;
  if (dialect === 'mariadb') {
    const connection = await createConnection(url);
    await connection.beginTransaction();
    await connection.query(LOCK);
    return () => connection.end();
  }
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`BEGIN; ${LOCK}`);
  return () => client.end();
}
