import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { generateOrders } from '../../sample/01-quickstart/orders-generator.js';
import { removePostgres } from '../../tools/postgres/index.js';

const RANDOM_ORDERS = 130;
/** One for each reason at least, whatever the order in which they are placed. */
const DOOMED = [
  'F1,ann,lamp,1,9.99,card reported stolen',
  'F2,bob,sofa,1,9.99,manual review',
  ...Array.from({ length: 10 }, (_, n) => `S${n},buyer-${n},book,1,5.00,`),
  ...Array.from({ length: 5 }, (_, n) => `M${n},cid,toy-${n},1,10.00,`),
];

/** How many orders are in the file of a workplace. */
export const ORDERS = RANDOM_ORDERS + DOOMED.length;
export const SEED = Number(process.env['DTX_TEST_SEED'] ?? 7);

/** A folder with orders and with the data of runs. */
export interface Workplace {
  /** A file with orders. */
  readonly input: string;
  /** @returns the path of the file */
  write(name: string, text: string): Promise<string>;
  /** Runs the quickstart on its data. */
  start(...args: readonly string[]): Run;
  remove(): Promise<void>;
}

export async function createWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-quickstart-'));
  // The server's user must be able to enter it.
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'run');
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const random = { orders: RANDOM_ORDERS, products: 12, customers: 10, seed: SEED };
  const input = await write('orders.csv', `${generateOrders(random)}${DOOMED.join('\n')}\n`);
  return {
    input,
    write,
    start: (...args) => startProgram(['--data', dataDir, ...args]),
    async remove() {
      await removePostgres(join(dataDir, 'postgres'));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Compiles it if need be. @returns what it says of itself */
export function buildQuickstart(): Promise<Finished> {
  return startProgram([], BUILD_AND_HELP).finished();
}

export interface Finished {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
  /** The last line of the output; empty when that is no JSON. */
  readonly json: Record<string, unknown>;
}

export interface Run {
  readonly child: ChildProcess;
  /** Waits until the output matches. @returns the match */
  says(pattern: string | RegExp): Promise<RegExpMatchArray>;
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
    async says(pattern) {
      for (;;) {
        const match = output.match(pattern);
        if (match) return match;
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
