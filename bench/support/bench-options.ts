import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

/**
 * The options of the command line, each with its default, and `--json`. Explains them and ends the
 * process on `--help`, or with status 2 where there is one that is not among them.
 */
export function readArguments<T extends Readonly<Record<string, string>>>(
  usage: string,
  defaults: T,
): { readonly [K in keyof T]: string } & { readonly json: boolean } {
  const flag = { type: 'boolean', default: false } as const;
  const options: NonNullable<ParseArgsConfig['options']> = { json: flag, help: flag };
  for (const [name, value] of Object.entries(defaults)) {
    options[name] = { type: 'string', default: value };
  }
  let values: Readonly<Record<string, unknown>>;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    return refuse((error as Error).message, usage);
  }
  if (values['help'] === true) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  return values as { readonly [K in keyof T]: string } & { readonly json: boolean };
}

export function positive(name: string, text: string, usage: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  return refuse(`${name} ${text} is no positive number.`, usage);
}

export function whole(name: string, text: string, min: number, usage: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= min) return value;
  return refuse(`${name} ${text} is no whole number from ${String(min)} on.`, usage);
}

export function oneOf<T extends string>(
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
