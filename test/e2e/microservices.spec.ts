import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { describeRedis } from '../servers/test-redis.js';

jest.setTimeout(180_000);

const PROCESSES = 4;

/** As `npm run sample:microservices` does it: compiles what has changed, and runs it. */
const BUILD_AND_RUN = ['scripts/run.mjs', 'sample/02-microservices/main.ts'];
/** Once it is compiled. */
const COMPILED = ['.build/sample/02-microservices/main.js'];

let help: Finished;

beforeAll(async () => {
  help = await finished(startProgram([...BUILD_AND_RUN, '--help']));
});

describe('the microservices', () => {
  it('explain themselves', () => {
    expect(help.errors).toBe('');
    expect(help.output).toContain('npm run sample:microservices -- [options]');
    expect(help.exitCode).toBe(0);
  });

  it('place orders over gRPC and TCP, fail for every reason, and the books agree', async () => {
    const run = start('--transport', 'tcp', '--orders', '80', '--json');
    const { exitCode, errors, output, json } = await finished(run);

    expect(errors).toBe('');
    for (const reason of REASONS) expect(output).toContain(reason);
    expect(json).toMatchObject({ transport: 'tcp', processes: 4, orders: 80, booksAgree: true });
    expect(json['committed']).toBeGreaterThan(40);
    expect(json['events']).toBe(json['attempts']);
    expect(exitCode).toBe(0);
    expect(pidsIn(output).map(isAlive)).toEqual(Array(PROCESSES).fill(false));
    await expect(access(folderOf(run))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('end all their processes when they are interrupted', async () => {
    const run = start('--transport', 'tcp', '--orders', '500');
    await says(run, 'messages from order to payment');
    run.child.kill('SIGINT');
    const { exitCode, output } = await finished(run);

    expect(output).toContain('Interrupted.');
    expect(exitCode).toBe(130);
    expect(pidsIn(output).map(isAlive)).toEqual(Array(PROCESSES).fill(false));
  });

  it('refuse what they do not know', async () => {
    const { exitCode, errors } = await finished(start('--transport', 'post'));

    expect(errors).toContain('--transport is one of auto, redis, tcp, not post.');
    expect(exitCode).toBe(2);
  });
});

describeRedis('the microservices with Redis', () => {
  it('place orders over gRPC and Redis, and the books agree', async () => {
    const run = start('--transport', 'redis', '--orders', '40', '--json');
    const { exitCode, errors, json } = await finished(run);

    expect(errors).toBe('');
    expect(json).toMatchObject({ transport: 'redis', processes: 4, orders: 40, booksAgree: true });
    expect(json['events']).toBe(json['attempts']);
    expect(exitCode).toBe(0);
  });
});

const REASONS = [
  'out of stock',
  'not enough money',
  'card refused, after the charge',
  'payment threw, after the charge',
];

interface Run {
  readonly child: ChildProcess;
  output: string;
  errors: string;
}

const start = (...args: readonly string[]): Run => startProgram([...COMPILED, ...args]);

function startProgram(program: readonly string[]): Run {
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  const run: Run = { child, output: '', errors: '' };
  child.stdout.on('data', (chunk: Buffer) => (run.output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (run.errors += chunk.toString()));
  return run;
}

/** Waits until the text has been printed, or the program has ended without it. */
async function says(run: Run, text: string): Promise<void> {
  const { child } = run;
  const closed = once(child, 'close');
  while (!run.output.includes(text)) {
    if (child.exitCode !== null) throw new Error(`It ended before: ${run.output}${run.errors}`);
    await Promise.race([once(child.stdout!, 'data'), closed]);
  }
}

interface Finished {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
  /** The last line of the output; empty when that is no JSON. */
  readonly json: Record<string, unknown>;
}

async function finished(run: Run): Promise<Finished> {
  if (run.child.exitCode === null) await once(run.child, 'close');
  const { output, errors } = run;
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const json = last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {};
  return { exitCode: run.child.exitCode, output, errors, json };
}

const folderOf = ({ child }: Run): string => join('.dtx/microservices', String(child.pid));

const pidsIn = (output: string): readonly number[] =>
  [...output.matchAll(/ process (\d+)$/gm)].map(([, pid]) => Number(pid));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
