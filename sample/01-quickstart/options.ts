import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** Which processes are killed while orders are placed. */
export const CHAOS = ['coordinator', 'services'] as const;

export type ChaosKind = (typeof CHAOS)[number];

/** What the command line asks for. */
export interface Options {
  /** The file with the orders; without it ours, or, with `resume`, the one of the killed run. */
  readonly input?: string;
  readonly resume: boolean;
  readonly json: boolean;
  readonly concurrency: number;
  readonly data: string;
  /** Coordinator and services are processes of their own. */
  readonly remote: boolean;
  /** Only with `remote`. */
  readonly chaos?: ChaosKind;
  readonly help: boolean;
}

/** The command line, or a file that it names, cannot be used. The message is for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const CONCURRENCY_MAX = 64;

export const HELP = `Places the orders of a file in three services, each with its own database, and
checks that money, stock and orders agree to the cent.

npm run quickstart -- [options]

  --input FILE       your own orders, a CSV file with the columns order, customer, product,
                     quantity, unit_price and, if you like, note
  --resume           go on where a killed run stopped; without it every run starts afresh
  --json             end with one line of JSON
  --concurrency N    orders placed at the same time, 1 to ${CONCURRENCY_MAX} (16)
  --data FOLDER      where databases, coordinator and results live (.dtx/quickstart)
  --remote           coordinator and services as processes of their own
  --chaos WHAT       and kill -9 them while orders are placed, one every 3 seconds: coordinator,
                     or services (each in turn)
  --help             show this

Exit status: 0 the books agree, 1 they do not or the run failed, 2 wrong usage.
`;

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options {
  const values = parseValues(args);
  const concurrency = Number(values.concurrency);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > CONCURRENCY_MAX) {
    throw new UsageError(`--concurrency is 1 to ${CONCURRENCY_MAX}, not ${values.concurrency}.`);
  }
  const { input, chaos, ...others } = values;
  return {
    ...others,
    ...(input !== undefined && { input: fromCaller(input) }),
    ...(chaos !== undefined && { chaos: parseChaos(chaos) }),
    remote: values.remote || chaos !== undefined,
    data: fromCaller(values.data),
    concurrency,
  };
}

function parseChaos(text: string): ChaosKind {
  const kind = CHAOS.find((candidate) => candidate === text);
  if (kind) return kind;
  throw new UsageError(`--chaos is ${CHAOS.join(' or ')}, not ${text}.`);
}

function parseValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        input: { type: 'string' },
        resume: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        concurrency: { type: 'string', default: '16' },
        data: { type: 'string', default: '.dtx/quickstart' },
        remote: { type: 'boolean', default: false },
        chaos: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nSee npm run quickstart -- --help`);
  }
}

/**
 * npm changes to the root of the checkout before it runs us; a path is meant from where it was
 * typed.
 */
const fromCaller = (path: string): string => resolve(process.env['INIT_CWD'] ?? '', path);
