import { databaseKindOf } from '../coordinator/index.js';
import { InvalidOptionError, RESOURCE_ID_LENGTH_MAX } from '../protocol/index.js';

type Options = Readonly<Record<string, unknown>>;

export type Check = (value: unknown, option: string) => void;

/** One check per option. */
export type Checks<Options> = Readonly<Record<keyof Options, Check>>;

const IDENTIFIER = new RegExp(`^[A-Za-z0-9._-]{1,${String(RESOURCE_ID_LENGTH_MAX)}}$`);

/** Runs the check of each option that is given. Whatever has none is refused. */
export function runChecks(
  values: Options,
  checks: Readonly<Record<string, Check>>,
  prefix: string,
): void {
  assertKnownNames(values, Object.keys(checks), prefix);
  for (const [name, check] of Object.entries(checks)) {
    // An option that is set to undefined, from an environment variable say, is one left out.
    if (values[name] !== undefined) check(values[name], prefix + name);
  }
}

/** The check of an option that is an object of options. */
export function recordOf(checks: Readonly<Record<string, Check>>): Check {
  return (value, option) => {
    assertRecord(value, option);
    runChecks(value, checks, `${option}.`);
  };
}

/** The text is stored, sent and printed without ever being quoted. */
export function assertIdentifier(value: unknown, option: string): void {
  if (typeof value === 'string' && IDENTIFIER.test(value)) return;
  refuse(
    option,
    value,
    `Use 1 to ${String(RESOURCE_ID_LENGTH_MAX)} of A-Z, a-z, 0-9, ".", "_", "-".`,
  );
}

export function assertMilliseconds(value: unknown, option: string, max: number, min = 0): void {
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return;
  const range = `from ${String(min)} to ${String(max)}`;
  refuse(option, value, `Use a whole number of milliseconds ${range}.`);
}

export function assertCount(value: unknown, option: string, max: number): void {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max) return;
  refuse(option, value, `Use a whole number from 1 to ${String(max)}.`);
}

export function assertFlag(value: unknown, option: string): void {
  if (typeof value !== 'boolean') refuse(option, value, 'Use true or false.');
}

/** The value is a secret: what it is stays out of the message. */
export function assertSecret(value: unknown, option: string): void {
  if (typeof value === 'string' && value.length > 0) return;
  refuse(option, typeof value, 'Use a text that is not empty.');
}

/** PEM, as text or as the bytes of a file. Its content may be a secret. */
export function assertPem(value: unknown, option: string): void {
  if (typeof value === 'string' && value.includes('-----BEGIN ')) return;
  if (Buffer.isBuffer(value) && value.includes('-----BEGIN ')) return;
  refuse(option, typeof value, 'Use the content of a PEM file, which has a line "-----BEGIN …".');
}

export function assertStore(value: unknown, option: string): void {
  if (typeof value === 'string' && value.trim().length > 0) {
    databaseKindOf(value, option);
    return;
  }
  if (isMemoryLocation(value) || isSourceLocation(value)) return;
  refuse(
    option,
    withoutValues(value),
    `Use the path of a file, such as '.dtx/coordinator.db', the URL of a database, such as ` +
      `'postgres://host/database', { dataSource } with a TypeORM data source, or ':memory:'.`,
  );
}

function isMemoryLocation(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('engine' in value)) return false;
  return value.engine === 'memory';
}

function isSourceLocation(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('dataSource' in value)) return false;
  const { dataSource } = value;
  return typeof dataSource === 'object' && dataSource !== null && 'createQueryRunner' in dataSource;
}

export function assertRecord(value: unknown, option: string): asserts value is Options {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  refuse(option, value, 'Use an object with options.');
}

/** A misspelt option would otherwise be one that silently has no effect. */
export function assertKnownNames(options: Options, known: readonly string[], prefix: string): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = closest(name, known);
    const hint = meant === undefined ? `There are: ${known.join(', ')}.` : `Did you mean ${meant}?`;
    refuse(prefix + name, withoutValues(options[name]), `There is no such option. ${hint}`);
  }
}

/** At least one of the names has to be there: with none of them, all are misspelt. */
export function assertFunctions(value: unknown, names: readonly string[], option: string): void {
  assertRecord(value, option);
  const given = names.filter((name) => value[name] !== undefined);
  if (given.length === 0) refuse(option, value, `Use an object with ${names.join(', ')}.`);
  for (const name of given) {
    if (typeof value[name] === 'function') continue;
    refuse(`${option}.${name}`, value[name], 'Use a function.');
  }
}

/** What may be a URL, or hold one, is not shown: there may be a password in it. */
export function withoutValues(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/:\/\/.*/s, '://…');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.keys(value).map((name) => [name, '…']));
}

export function refuse(option: string, value: unknown, fix: string): never {
  throw new InvalidOptionError({ option, value, fix });
}

/** Two slips of the finger in a name are a typo; more make another word. */
const TYPO_DISTANCE_MAX = 2;

function closest(name: string, known: readonly string[]): string | undefined {
  const rated = known.map((candidate) => ({
    candidate,
    distance: distance(name.toLowerCase(), candidate.toLowerCase()),
  }));
  const [best] = rated.sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= TYPO_DISTANCE_MAX ? best.candidate : undefined;
}

/** Levenshtein's: how many letters have to be put in, left out or changed. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(from).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(to).entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
