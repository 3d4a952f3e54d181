import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run sim -- [what] [--json]

  --seeds N        run the seeds 1 to N (default 300) on two processes
  --first N        begin with seed N instead of 1
  --seed N         run one seed again; --trace prints everything that happens in it
  --bug NAME       plant a bug and look for it with the seeds 1 to 200; "all" plants each in turn
  --exhaustive     one schedule, and one crash before and after each of its port calls
                   --case N runs only the N-th of them, with --trace
  --json           print one line of JSON at the end

Exit status: 0 all is well (or the bug was found), 1 it is not, 2 wrong arguments.
`;

export type Options = { readonly json: boolean } & (
  | { readonly kind: 'seeds'; readonly first: number; readonly count: number }
  | { readonly kind: 'seed'; readonly seed: number; readonly trace: boolean }
  | { readonly kind: 'bug'; readonly name: string }
  | { readonly kind: 'exhaustive'; readonly only: number | undefined; readonly trace: boolean }
);

const SEEDS_DEFAULT = '300';

/** @throws Error when they make no sense */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      first: { type: 'string' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      bug: { type: 'string' },
      exhaustive: { type: 'boolean', default: false },
      case: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { bug, exhaustive, first = '1', json, seed, seeds, trace } = values;
  const asked = [seeds, seed, bug, exhaustive || undefined].filter((what) => what !== undefined);
  if (asked.length > 1) throw new Error('Choose one of --seeds, --seed, --bug and --exhaustive.');
  if (bug !== undefined) return { kind: 'bug', json, name: bug };
  if (exhaustive) {
    const only = values.case === undefined ? undefined : whole('--case', values.case);
    return { kind: 'exhaustive', json, only, trace };
  }
  if (seed !== undefined) return { kind: 'seed', json, seed: whole('--seed', seed), trace };
  const count = whole('--seeds', seeds ?? SEEDS_DEFAULT);
  return { kind: 'seeds', json, first: whole('--first', first), count };
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (/^[0-9]{1,9}$/.test(text) && value > 0) return value;
  throw new Error(`${option} needs a whole number above 0, and got "${text}".`);
}
