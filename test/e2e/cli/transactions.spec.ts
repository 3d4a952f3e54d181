import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from '../../../lib/cli/run.js';
import type { BranchOutcome, CoordinatorClient } from '../../../lib/protocol/index.js';
import { connectEmbedded } from '../../../lib/transport/index.js';

const folder = mkdtempSync(join(tmpdir(), 'dtx-cli-'));
const [committed, broken, active] = ['c', 'b', 'a'].map((letter) => letter.repeat(32)) as [
  string,
  string,
  string,
];

let client: CoordinatorClient;
let store: string;
let storeCount = 0;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function cli(...args: string[]) {
  let out = '';
  let err = '';
  const exitCode = await run(['transactions', ...args], {
    packageRoot: folder,
    out: (text) => (out += text),
    err: (text) => (err += text),
    env: {},
    now: () => Date.now() + 90_000,
    untilStopped: () => Promise.resolve('SIGTERM'),
  });
  return { exitCode, out, err };
}

const begin = (xid: string, name: string) =>
  client.begin({ xid, name, applicationId: 'order-service', timeoutMs: 60_000 });

const register = (xid: string, branchId: string, resourceId: string) =>
  client.registerBranch({ xid, branchId, type: 'AT', resourceId, applicationId: 'order-service' });

const answer = (outcome: BranchOutcome) => () => Promise.resolve([outcome]);

/** One committed, one that a person has to look at, one active. */
beforeEach(async () => {
  storeCount += 1;
  store = join(folder, `coordinator-${String(storeCount)}.db`);
  client = await connectEmbedded({ store });
  await client.attach({
    resourceId: 'stock',
    type: 'AT',
    commitBranches: answer({ kind: 'done' }),
    rollbackBranches: answer({ kind: 'cannot', error: 'row 7 of stock has changed\nsince' }),
  });
  await begin(committed, 'place-order');
  await client.commit({ xid: committed, waitMs: 0 });
  await begin(broken, 'cancel-order');
  await register(broken, '1', 'stock');
  await client.rollback({ xid: broken, waitMs: 0 });
  await until(async () => {
    const { branches } = await client.status({ xid: broken });
    return branches[0]?.status === 'needs-attention';
  });
  await begin(active, 'refund');
  await register(active, '2', 'orders');
});

afterEach(async () => {
  await client.close();
});

describe('nestjs-dtx transactions', () => {
  it('lists open and ended transactions while the coordinator runs', async () => {
    const { exitCode, err, out } = await cli('--store', store);

    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    const lines = out.split('\n').map((line) => line.replace(/ {2,}/g, '  '));
    expect(lines).toEqual([
      'Open (2)',
      '  XID  STATUS  FOR  APPLICATION  NAME',
      `  ${broken}  rolling-back (requested)  90 s  order-service  cancel-order`,
      '  1 AT stock needs-attention, tried 1 x: row 7 of stock has changed',
      `  ${active}  active  90 s  order-service  refund`,
      '  2 AT orders registered',
      '',
      'Last ended (1)',
      '  XID  STATUS  FOR  APPLICATION  NAME',
      expect.stringMatching(`^  ${committed}  committed  \\d+ ms  order-service  place-order$`),
      '',
    ]);
  });

  it('prints the same as JSON', async () => {
    const { out } = await cli('--store', store, '--json');

    expect(JSON.parse(out)).toEqual({
      open: [
        expect.objectContaining({
          xid: broken,
          namespace: 'default',
          status: 'rolling-back',
          reason: 'requested',
          branches: [
            {
              branchId: '1',
              seq: 1,
              type: 'AT',
              resourceId: 'stock',
              applicationId: 'order-service',
              status: 'needs-attention',
              attempts: 1,
              lastError: 'row 7 of stock has changed\nsince',
              failedAttempts: [
                {
                  at: expect.stringMatching(/^20\d\d-.*Z$/) as unknown,
                  error: 'row 7 of stock has changed\nsince',
                },
              ],
            },
          ],
        }),
        expect.objectContaining({ xid: active, status: 'active', timeoutMs: 60_000 }),
      ],
      ended: [
        expect.objectContaining({
          xid: committed,
          status: 'committed',
          beganAt: expect.stringMatching(/^20\d\d-.*Z$/) as unknown,
          endedAt: expect.stringMatching(/^20\d\d-.*Z$/) as unknown,
          branches: [],
        }),
      ],
    });
  });

  it('lists those that need attention alone', async () => {
    const { out } = await cli('--store', store, '--attention');
    const json = await cli('--store', store, '--attention', '--json');

    const lines = out.split('\n').map((line) => line.trim().split(' ')[0]);
    expect(lines).toEqual(['Needs', 'XID', broken, '1', '']);
    expect(out).toMatch(/^Needs attention \(1\)\n/);
    expect(JSON.parse(json.out)).toMatchObject({ open: [{ xid: broken }], ended: [] });
  });

  it('shows what a terminal would obey', async () => {
    const csi = String.fromCharCode(0x9b);
    const name = `\u001b[2J${csi}31mpaid\u202e\nroot`;
    await begin('d'.repeat(32), name);

    const { out } = await cli('--store', store);
    const json = await cli('--store', store, '--json');

    expect(out).toContain('\\u001b[2J\\u009b31mpaid\\u202e\\u000aroot\n');
    expect(out + json.out).not.toMatch(/[^\n\x20-\x7e]/);
    expect(JSON.parse(json.out)).toMatchObject({ open: [{}, {}, { name }] });
  });

  it('reads the file of a coordinator that has stopped, and changes nothing', async () => {
    await client.close();
    const first = await cli('--store', store, '--json');
    const second = await cli('--store', store, '--json');
    client = await connectEmbedded({ store });

    expect(first.out).toContain(broken);
    expect(second).toEqual(first);
    await expect(client.status({ xid: active })).resolves.toMatchObject({ status: 'rolling-back' });
  });

  it('names a file that is not there', async () => {
    const { err, exitCode, out } = await cli('--store', join(folder, 'nowhere.db'));

    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toMatch(/\[DTX_ERR_TC_STORE\] .*nowhere\.db cannot be used: there is no such file/);
  });

  it('names a file that is none of ours', async () => {
    const file = join(folder, 'notes.txt');
    writeFileSync(file, 'not a database, but long enough to look like something else');

    const { err, exitCode } = await cli('--store', file);

    expect(exitCode).toBe(1);
    expect(err).toMatch(/\[DTX_ERR_TC_STORE\] .*notes\.txt cannot be used: /);
  });
});

const WAIT_MS_MAX = 5_000;

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
