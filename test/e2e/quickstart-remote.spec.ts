import { until } from '../support/until.js';
import {
  buildQuickstart,
  createWorkplace,
  ORDERS,
  type Run,
  type Workplace,
} from './quickstart-run.js';

jest.setTimeout(180_000);

const PROCESSES = ['coordinator', 'stock', 'account', 'order'] as const;
const END_MS_MAX = 10_000;

describe('the quickstart with processes of its own', () => {
  let workplace: Workplace;

  const start = (...args: readonly string[]) => workplace.start('--remote', '--json', ...args);

  beforeAll(async () => {
    workplace = await createWorkplace();
    expect((await buildQuickstart()).errors).toBe('');
  });

  afterAll(async () => {
    await workplace.remove();
  });

  it('places orders in four processes, the books agree, and nothing stays behind', async () => {
    const run = start('--input', workplace.input);
    const pids = await pidsOf(run);
    const alive = pids.map(isAlive);
    const { exitCode, errors, output, json } = await run.finished();

    expect(new Set([...pids, run.child.pid]).size).toBe(5);
    expect(alive).toEqual([true, true, true, true]);
    for (const reason of ['out of stock', 'not enough money', 'audit refused', 'timed out']) {
      expect(output).toContain(reason);
    }
    expect(errors).toBe('');
    expect(json).toMatchObject({
      ...{ mode: 'remote', processes: 4, chaos: 'none', orders: ORDERS, booksAgree: true },
      kills: { coordinator: 0, order: 0, stock: 0, account: 0 },
      lostAnswers: { committed: 0, rolledBack: 0 },
    });
    expect(exitCode).toBe(0);
    expect(pids.map(isAlive)).toEqual([false, false, false, false]);
  });

  it('finds out the truth when each process is killed by hand', async () => {
    const run = start('--input', workplace.input);
    const pids = await pidsOf(run);
    for (const [index, pid] of pids.entries()) {
      await run.reaches(20 + 30 * index);
      process.kill(pid, 'SIGKILL');
    }
    const { exitCode, errors, json } = await run.finished();

    expect(errors).toBe('');
    expect(json).toMatchObject({
      ...{ orders: ORDERS, booksAgree: true },
      kills: { coordinator: 1, order: 1, stock: 1, account: 1 },
    });
    expect(exitCode).toBe(0);
  });

  it('ends all processes when it is killed or interrupted, and goes on with --resume', async () => {
    const first = start('--input', workplace.input);
    const orphans = await pidsOf(first);
    await first.reaches(20);
    await first.kill();
    await until(() => !orphans.some(isAlive), END_MS_MAX);

    const second = start('--resume');
    const pids = await pidsOf(second);
    await second.reaches(50);
    second.child.kill('SIGINT');
    const interrupted = await second.finished();
    expect(interrupted.output).toContain('Go on with: npm run quickstart -- --remote --resume');
    expect(interrupted.exitCode).toBe(130);
    expect(pids.some(isAlive)).toBe(false);

    const { exitCode, json } = await start('--resume').finished();
    expect(json).toMatchObject({ orders: ORDERS, booksAgree: true });
    expect(exitCode).toBe(0);
  });
});

/** Waits until all of them run. */
async function pidsOf(run: Run): Promise<readonly number[]> {
  const pattern = PROCESSES.map((name) => `${name} (\\d+)`).join(', ');
  const [, ...pids] = await run.says(new RegExp(pattern));
  return pids.map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
