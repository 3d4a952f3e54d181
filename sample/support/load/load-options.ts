import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface LoadOptions {
  readonly count: number;
  readonly concurrency: number;
  /** Kill processes while the load runs. */
  readonly chaos: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** The command line cannot be used. The message is for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const COUNT_MAX = 10_000;
const CONCURRENCY_MAX = 64;

export const loadHelp = (script: string, about: string): string => `${about}

npm run ${script} -- [options]

  --count N         requests, 1 to ${COUNT_MAX} (300)
  --concurrency N   requests at the same time, 1 to ${CONCURRENCY_MAX} (8)
  --chaos           kill -9 of every process in turn while the requests run
  --json            end with one line of JSON
  --help            show this

Exit status: 0 the books agree, 1 they do not or the run failed, 2 wrong usage.
`;

/** @throws UsageError */
export function parseLoadOptions(args: readonly string[], script: string): LoadOptions {
  const { count, concurrency, ...flags } = parseValues(args, script);
  return {
    ...flags,
    count: parseCount('count', count, COUNT_MAX),
    concurrency: parseCount('concurrency', concurrency, CONCURRENCY_MAX),
  };
}

function parseValues(args: readonly string[], script: string) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        count: { type: 'string', default: '300' },
        concurrency: { type: 'string', default: '8' },
        chaos: flag,
        json: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nSee npm run ${script} -- --help`);
  }
}

function parseCount(name: string, text: string, max: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= max) return count;
  throw new UsageError(`--${name} is 1 to ${max}, not ${text}.`);
}
