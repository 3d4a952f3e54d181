import { setTimeout as sleep } from 'node:timers/promises';

import { createRandom } from '../../sample/01-quickstart/orders-generator.js';
import {
  buildQuickstart,
  createWorkplace,
  type Finished,
  ORDERS,
  SEED,
  type Workplace,
} from './quickstart-run.js';

jest.setTimeout(180_000);

describe('the quickstart', () => {
  let workplace: Workplace;
  let input: string;
  let malformed: string;
  let help: Finished;

  const start = (...args: readonly string[]) => workplace.start('--json', ...args);

  beforeAll(async () => {
    help = await buildQuickstart();
    workplace = await createWorkplace();
    input = workplace.input;
    malformed = await workplace.write('malformed.csv', MALFORMED);
  });

  afterAll(async () => {
    await workplace.remove();
  });

  it('explains itself', () => {
    expect(help.errors).toBe('');
    expect(help.output).toContain('npm run quickstart -- [options]');
    expect(help.exitCode).toBe(0);
  });

  it('commits orders, rolls others back for all reasons, and the books agree', async () => {
    const { exitCode, output, json } = await start('--input', input).finished();

    for (const reason of ['out of stock', 'not enough money', 'audit refused', 'timed out']) {
      expect(output).toContain(reason);
    }
    expect(output).toContain('Books agree');
    expect(json).toMatchObject({ orders: ORDERS, malformed: 0, booksAgree: true });
    expect(Number(json['committed']) + Number(json['rolledBack'])).toBe(ORDERS);
    expect(json['committed']).toBeGreaterThan(ORDERS / 4);
    expect(json['rolledBack']).toBeGreaterThan(ORDERS / 20);
    expect(json['txPerSecond']).toBeGreaterThan(0);
    expect(exitCode).toBe(0);
  });

  it('reports malformed lines with number and reason, and places the rest', async () => {
    const { exitCode, output, json } = await start('--input', malformed).finished();

    expect(output).toContain('Line 3 is no order: quantity "some" is not a whole number');
    expect(output).toContain('Line 4 is no order: a double quote is not closed');
    expect(output).toContain('Line 6 is no order: order B1 was there before');
    expect(json).toMatchObject({ orders: 2, malformed: 3, booksAgree: true });
    expect(exitCode).toBe(0);
  });

  it.each([
    [['--input', 'no-such-file.csv'], 'The orders cannot be read: ENOENT'],
    [['--input', 'package.json'], 'The first line of the file must name the columns'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses %j', async (args, message) => {
    const { exitCode, errors } = await start(...args).finished();

    expect(errors).toContain(message);
    expect(exitCode).toBe(2);
  });

  it('stops when it is interrupted, and goes on with --resume', async () => {
    const first = start('--input', input);
    await first.says('committed');
    first.child.kill('SIGINT');
    const interrupted = await first.finished();
    expect(interrupted.output).toContain('Go on with: npm run quickstart -- --resume');
    expect(interrupted.exitCode).toBe(130);

    const { exitCode, json } = await start('--resume').finished();
    expect(json).toMatchObject({ orders: ORDERS, booksAgree: true });
    expect(exitCode).toBe(0);
  });

  it('starts afresh when the run to resume has placed other orders', async () => {
    const first = start('--input', input);
    await first.says('committed');
    await first.kill();

    const other = await start('--resume', '--input', malformed).finished();
    expect(other.output).toContain('There is no run of these orders to resume');
    expect(other.json).toMatchObject({ orders: 2, booksAgree: true });
    expect(other.exitCode).toBe(0);
  });

  it('leaves the data alone on which another one is at work', async () => {
    const first = start('--input', input);
    await first.says('started, each with a database');
    // Held, so that it is still at work when the second one looks, however fast it is.
    first.child.kill('SIGSTOP');
    const second = await start('--input', input).finished();
    first.child.kill('SIGCONT');

    expect(second.errors).toContain('Another quickstart runs on');
    expect(second.exitCode).toBe(1);

    const { exitCode, json } = await first.finished();
    expect(json).toMatchObject({ orders: ORDERS, booksAgree: true });
    expect(exitCode).toBe(0);
  });

  it(`finishes after kill -9 at random moments (seed ${SEED})`, async () => {
    const moments = killMoments();
    let resume: readonly string[] = [];
    for (const { done, delayMs } of moments) {
      const run = start('--input', input, ...resume);
      await run.reaches(done);
      await sleep(delayMs);
      await run.kill();
      resume = ['--resume'];
    }

    const { exitCode, errors, json } = await start('--input', input, '--resume').finished();
    expect({ moments, errors }).toEqual({ moments, errors: '' });
    expect({ moments, json }).toMatchObject({ json: { orders: ORDERS, booksAgree: true } });
    expect(exitCode).toBe(0);
  });
});

const MALFORMED = `order,customer,product,quantity,unit_price
B1,ann,tea,2,4.50
B2,ann,tea,some,4.50
B3,bob,"tea,1,4.50
B4,bob,tea,1,4.50
B1,bob,tea,1,4.50
`;

interface KillMoment {
  /** How many orders are done before. */
  readonly done: number;
  readonly delayMs: number;
}

/** One while the run starts, and one in each third of its way. */
function killMoments(): readonly KillMoment[] {
  const random = createRandom(SEED);
  const thirds = [0, 1, 2].map((third) => ({
    done: Math.ceil((ORDERS * (third + random() * 0.9)) / 3),
    delayMs: Math.round(random() * 100),
  }));
  return [{ done: 0, delayMs: Math.round(random() * 2_500) }, ...thirds];
}
