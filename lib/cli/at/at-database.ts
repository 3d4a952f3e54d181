import { DtxError, InvalidOptionError, codeOf, messageOf } from '../../protocol/index.js';
import type { AtEngine } from '../../resource/at/index.js';
import type { CliHost } from '../command.interface.js';
import { printableLines } from '../printable.js';
import { secretsOf, withoutSecrets } from '../secrets.js';
import { givenStore, withVariables } from '../store-option.js';
import type { DatabaseKind } from './database-kinds.js';
import { DATABASE_KINDS } from './database-kinds.js';

/** The database of an application, as a command has it. */
export interface AtDatabase {
  readonly engine: AtEngine;
  readonly kind: DatabaseKind;
  /** What messages call it. */
  readonly place: string;
  /** What further commands need to find it, with a blank in front. */
  readonly flags: string;
}

/** What every command that works on one has. */
export const DATABASE_OPTIONS = {
  database: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** The lines of the help about them. */
export const DATABASE_HELP = `  --database URL   ${schemes()}
                   (default $DATABASE_URL); \${NAME} in it stands for a variable of
                   the environment; behind sqlite: stands the path of a file`;

const VARIABLE = 'DATABASE_URL';

/**
 * Works on the database that was named. What goes wrong there is told without its password.
 *
 * @param work returns the exit status
 * @returns the exit status
 * @throws InvalidOptionError for what can be no database
 */
export async function atDatabase(
  values: Readonly<Record<string, unknown>>,
  host: CliHost,
  work: (database: AtDatabase) => Promise<number>,
): Promise<number> {
  const isTyped = typeof values['database'] === 'string';
  const given = isTyped ? String(values['database']) : host.env[VARIABLE];
  if (given === undefined || given === '') {
    host.err(`Name the database: --database URL, or the variable ${VARIABLE}.\n`);
    return 2;
  }
  const url = withVariables(given, host.env);
  const option = isTyped ? '--database' : VARIABLE;
  const kind = kindOf(url, option);
  const place = kind.placeOf(url, option);
  const secrets = [url, givenStore(values, host) ?? ''].flatMap(secretsOf);
  const schemas = values['schema'] as readonly string[] | undefined;
  try {
    const guard = values['guard'] === true;
    const opened = await kind.open({ url, place, schemas, guard });
    try {
      const flags = isTyped ? ` --database "$${VARIABLE}"` : '';
      return await work({ engine: opened.engine, kind, place, flags });
    } finally {
      await opened.close();
    }
  } catch (error) {
    const sentence = sentenceOf(error, kind, place);
    host.err(`${printableLines(withoutSecrets(sentence, secrets))}\n`);
    return 1;
  }
}

function kindOf(url: string, option: string): DatabaseKind {
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]*):/i.exec(url) ?? [];
  const kind = DATABASE_KINDS.find((one) =>
    one.prefixes.some((prefix) => prefix.startsWith(`${scheme.toLowerCase()}:`)),
  );
  if (kind !== undefined) return kind;
  const value = scheme === '' ? '…' : `${scheme}:…`;
  throw new InvalidOptionError({ option, value, fix: `Its URL begins with ${schemes()}.` });
}

function schemes(): string {
  return DATABASE_KINDS.flatMap(({ prefixes }) => prefixes).join(', ');
}

/** Errors of ours are sentences already. What others say needs to know about whom. */
function sentenceOf(error: unknown, { unreachable }: DatabaseKind, place: string): string {
  if (error instanceof DtxError) return messageOf(error);
  const text = textOf(error);
  const isUnreachable = unreachable.codes.test(codeOf(error) ?? '') || unreachable.texts.test(text);
  return isUnreachable
    ? `${place} cannot be reached: ${text}. ${unreachable.check}`
    : `${place}: ${text}`;
}

/** Where a name has several addresses, each has failed in its own way. */
function textOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  return messageOf(first ?? error);
}
