import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { createRandom, generateOrders } from '../../sample/01-quickstart/orders-generator.js';
import { removePostgres } from '../../tools/postgres/index.js';

jest.setTimeout(180_000);

const RANDOM_ORDERS = 130;
/** One for each reason at least, whatever the order in which they are placed. */
const DOOMED = [
  'F1,ann,lamp,1,9.99,card reported stolen',
  'F2,bob,sofa,1,9.99,manual review',
  ...Array.from({ length: 10 }, (_, n) => `S${n},buyer-${n},book,1,5.00,`),
  ...Array.from({ length: 5 }, (_, n) => `M${n},cid,toy-${n},1,10.00,`),
];
const ORDERS = RANDOM_ORDERS + DOOMED.length;
const SEED = Number(process.env['DTX_TEST_SEED'] ?? 7);

describe('the quickstart', () => {
  let folder: string;
  let dataDir: string;
  let input: string;
  let malformed: string;
  let help: Finished;

  const start = (...args: readonly string[]) =>
    startProgram(['--data', dataDir, '--json', ...args]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dtx-quickstart-'));
    await chmod(folder, 0o755);
    dataDir = join(folder, 'run');
    input = join(folder, 'orders.csv');
    const random = { orders: RANDOM_ORDERS, products: 12, customers: 10, seed: SEED };
    await writeFile(input, `${generateOrders(random)}${DOOMED.join('\n')}\n`);
    malformed = join(folder, 'malformed.csv');
    await writeFile(malformed, MALFORMED);
  });

  beforeAll(async () => {
    help = await startProgram([], BUILD_AND_HELP).finished();
  });

  afterAll(async () => {
    await removePostgres(join(dataDir, 'postgres'));
    await rm(folder, { recursive: true, force: true });
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

interface Finished {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
  /** The last line of the output; empty when that is no JSON. */
  readonly json: Record<string, unknown>;
}

interface Run {
  readonly child: ChildProcess;
  /** Waits until the output holds the text. */
  says(text: string): Promise<void>;
  /** Waits until it has shown that so many orders are done, or has ended. */
  reaches(done: number): Promise<void>;
  finished(): Promise<Finished>;
  kill(): Promise<void>;
}

/** As `npm run quickstart` does it: compiles what has changed, and runs it. */
const BUILD_AND_HELP = ['scripts/run.mjs', 'sample/01-quickstart/main.ts', '--help'];
/** Once it is compiled. A run that is killed must not be one that still compiles. */
const COMPILED = ['.build/sample/01-quickstart/main.js'];

function startProgram(args: readonly string[], program: readonly string[] = COMPILED): Run {
  const child = spawn(process.execPath, [...program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const closed = once(child, 'close');
  return {
    child,
    async says(text) {
      while (!output.includes(text)) {
        if (child.exitCode !== null) throw new Error(`It ended before: ${output}${errors}`);
        await Promise.race([once(child.stdout, 'data'), closed]);
      }
    },
    async reaches(done) {
      while (child.exitCode === null && progressIn(output) < done) {
        await Promise.race([once(child.stdout, 'data'), closed]);
      }
    },
    async finished() {
      await closed;
      return { exitCode: child.exitCode, output, errors, json: parseLastLine(output) };
    },
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

function parseLastLine(output: string): Record<string, unknown> {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {};
}

const progressIn = (output: string): number =>
  Number([...output.matchAll(/(\d+) of \d+ orders/g)].at(-1)?.[1] ?? 0);
