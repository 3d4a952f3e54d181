import { parseArgs } from 'node:util';

/** What a benchmark was asked for. */
export interface BenchOptions {
  /** Measured seconds per variant. */
  readonly seconds: number;
  readonly concurrency: number;
  readonly through: 'pg' | 'typeorm';
  readonly json: boolean;
}

/** Reads the command line, or explains it and ends the process. */
export function benchOptions(usage: string): BenchOptions {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      concurrency: { type: 'string', default: '16' },
      through: { type: 'string', default: 'pg' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  return {
    seconds: positive('--seconds', values.seconds, usage),
    concurrency: positive('--concurrency', values.concurrency, usage),
    through: oneOf('--through', values.through, ['pg', 'typeorm'], usage),
    json: values.json,
  };
}

function positive(name: string, text: string, usage: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  return refuse(`${name} ${text} is no positive number.`, usage);
}

function oneOf<T extends string>(
  name: string,
  text: string,
  allowed: readonly T[],
  usage: string,
): T {
  const found = allowed.find((value) => value === text);
  return found ?? refuse(`${name} ${text} is none of ${allowed.join(', ')}.`, usage);
}

function refuse(problem: string, usage: string): never {
  process.stderr.write(`${problem}\n${usage}\n`);
  process.exit(2);
}
