import { run } from '../../../lib/cli/run.js';

/** What the program has said. */
export interface CliAnswer {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program in this process. */
export async function cli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliAnswer> {
  let out = '';
  let err = '';
  const exitCode = await run(args, {
    packageRoot: '.',
    out: (text) => (out += text),
    err: (text) => (err += text),
    env,
    now: () => Date.now(),
    untilStopped: () => Promise.resolve('SIGTERM'),
  });
  return { exitCode, out, err };
}

/** Each line of a screen fits into a terminal that is not wide. */
export const widestLine = (text: string): number =>
  Math.max(...text.split('\n').map((line) => line.length));
