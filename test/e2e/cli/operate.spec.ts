import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from '../../../lib/cli/run.js';
import type { BranchOutcome, CoordinatorClient } from '../../../lib/protocol/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';
import { until } from '../../support/until.js';

const XID = 'e'.repeat(32);
const DIRTY: BranchOutcome = { kind: 'cannot', error: 'row 7 of stock has changed' };
const DONE: BranchOutcome = { kind: 'done' };

let folder: string;
let store: string;
let client: CoordinatorClient;
let answer: BranchOutcome;

async function cli(...args: string[]) {
  let out = '';
  let err = '';
  const exitCode = await run(args, {
    packageRoot: folder,
    out: (text) => (out += text),
    err: (text) => (err += text),
    env: { DTX_STORE_URL: store },
    now: () => Date.now(),
    untilStopped: () => Promise.resolve('SIGTERM'),
  });
  return { exitCode, out, err };
}

const branchStatuses = async (): Promise<string[]> =>
  (await client.status({ xid: XID })).branches.map(({ status }) => status);

const isRolledBack = async (): Promise<boolean> =>
  (await client.status({ xid: XID })).status === 'rolled-back';

async function connect(): Promise<void> {
  client = await connectEmbedded({ store });
  await client.attach({
    resourceId: 'stock',
    type: 'AT',
    commitBranches: (targets) => Promise.resolve(targets.map(() => answer)),
    rollbackBranches: (targets) => Promise.resolve(targets.map(() => answer)),
  });
}

/** A rollback with two branches that a person has to look at. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dtx-cli-'));
  store = join(folder, 'coordinator.db');
  answer = DIRTY;
  await connect();
  const applicationId = 'order-service';
  await client.begin({ xid: XID, name: 'cancel-order', applicationId, timeoutMs: 60_000 });
  for (const branchId of ['1', '2']) {
    const branch = { xid: XID, branchId, type: 'AT', resourceId: 'stock', applicationId } as const;
    await client.registerBranch(branch);
  }
  await client.rollback({ xid: XID, waitMs: 0 });
  await until(async () => (await branchStatuses()).every((status) => status === 'needs-attention'));
});

afterEach(async () => {
  await client.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('nestjs-dtx, while the coordinator runs,', () => {
  it('has phase two tried again', async () => {
    answer = DONE;

    const { exitCode, err, out } = await cli('retry', XID);

    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toBe(`${XID} rolling-back\n  1 AT stock registered\n  2 AT stock registered\n`);
    await until(isRolledBack);
    expect(await branchStatuses()).toEqual(['done', 'done']);
  });

  it('has one branch accepted as it is, and then the other', async () => {
    const first = await cli('accept', XID, '1', '--json');
    const between = await branchStatuses();
    await cli('accept', XID, '2');

    expect(JSON.parse(first.out)).toMatchObject({ xid: XID, status: 'rolling-back' });
    expect(between).toEqual(['accepted', 'needs-attention']);
    await until(isRolledBack);
    expect(await branchStatuses()).toEqual(['accepted', 'accepted']);
  });

  it('has the retries stopped', async () => {
    answer = { kind: 'retry', error: 'the database is down' };
    await cli('retry', XID);
    await until(async () => {
      const { branches } = await client.status({ xid: XID });
      return branches.some(({ attempts, status }) => status === 'registered' && attempts > 0);
    });

    const { exitCode } = await cli('stop', XID);

    expect(exitCode).toBe(0);
    await until(async () =>
      (await branchStatuses()).every((status) => status === 'needs-attention'),
    );
  });
});

describe('nestjs-dtx, when the coordinator has stopped,', () => {
  it('gives its order to the next one', async () => {
    await client.close();
    answer = DONE;

    const { exitCode } = await cli('retry', XID);
    await connect();

    expect(exitCode).toBe(0);
    await until(isRolledBack);
  });
});

describe('nestjs-dtx refuses', () => {
  it.each([
    ['a transaction that is not there', ['accept', 'f'.repeat(32)], 'does not know it'],
    ['a branch that is not there', ['accept', XID, '77'], 'it has no branch 77'],
    ['an order in another namespace', ['retry', XID, '--namespace', 'x'], 'does not know it'],
  ])('%s', async (_what, args, message) => {
    const { exitCode, err, out } = await cli(...args);

    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toContain('[DTX_ERR_TC_OPERATION_REFUSED]');
    expect(err).toContain(message);
  });

  it('what names no transaction', async () => {
    const { exitCode, err } = await cli('retry');

    expect(exitCode).toBe(2);
    expect(err).toContain('Usage: nestjs-dtx retry XID');
  });
});
