import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface SimEnd {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
  /** The lines of JSON. */
  readonly results: readonly Readonly<Record<string, unknown>>[];
}

let built: Promise<Ended> | undefined;

/** Runs the program as `npm run sim` does, and compiles it only once. */
export async function runSim(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<SimEnd> {
  built ??= run(['scripts/build.mjs', '--programs'], {});
  const build = await built;
  if (build.status !== 0) throw new Error(`It does not compile: ${build.errors}`);
  const end = await run(['.build/test/simulation/main.js', ...args], env);
  const results = end.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return { ...end, results };
}

type Ended = Omit<SimEnd, 'results'>;

/** From the root of the repository, where tests run. */
async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const [output, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { status: child.exitCode, output, errors };
}
