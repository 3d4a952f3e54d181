import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  readonly orders: number;
  readonly concurrency: number;
  /** `auto`: Redis where this machine has it or can get it, else TCP. */
  readonly transport: 'auto' | 'redis' | 'tcp';
  readonly json: boolean;
  readonly help: boolean;
}

/** The command line cannot be used. The message is for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const ORDERS_MAX = 10_000;
const CONCURRENCY_MAX = 64;
const TRANSPORTS = ['auto', 'redis', 'tcp'] as const;

export const HELP = `Places orders in three Nest services, each a process with a database of its
own, that talk gRPC and messages to each other, and checks that goods, money and orders agree.

npm run sample:microservices -- [options]

  --orders N            how many, 1 to ${ORDERS_MAX} (300)
  --concurrency N       orders placed at the same time, 1 to ${CONCURRENCY_MAX} (16)
  --transport NAME      of the messages: redis, tcp, or auto, which is Redis where this machine has
                        it or Debian's package can be had, else TCP (auto)
  --json                end with one line of JSON
  --help                show this

Exit status: 0 the books agree, 1 they do not or the run failed, 2 wrong usage.
`;

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options {
  const { orders, concurrency, transport, ...flags } = parseValues(args);
  const known = TRANSPORTS.find((name) => name === transport);
  if (!known) {
    throw new UsageError(`--transport is one of ${TRANSPORTS.join(', ')}, not ${transport}.`);
  }
  return {
    ...flags,
    orders: parseCount('orders', orders, ORDERS_MAX),
    concurrency: parseCount('concurrency', concurrency, CONCURRENCY_MAX),
    transport: known,
  };
}

function parseValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        orders: { type: 'string', default: '300' },
        concurrency: { type: 'string', default: '16' },
        transport: { type: 'string', default: 'auto' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nSee npm run sample:microservices -- --help`);
  }
}

function parseCount(name: string, text: string, max: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= max) return count;
  throw new UsageError(`--${name} is 1 to ${max}, not ${text}.`);
}
