import { messageOf } from '../protocol/index.js';
import type { CliHost, Command, CommandArguments } from './command.interface.js';
import type { Target } from './migration-target.js';
import { findTarget } from './migration-target.js';
import { printableLines } from './printable.js';
import type { SchemaText } from './schema-text.js';
import { SCHEMA_TEXTS, printSchema } from './schema-text.js';
import { withoutSecrets } from './secrets.js';

const HELP = `Usage: nestjs-dtx migrate [options]

Creates the tables of a coordinator in a database, or brings them up to date. Only what
is missing is run, so it may be repeated, and run on several machines at the same time.

Options:
  --url URL           postgres://, mysql:// or mariadb:// (default $DTX_STORE_URL);
                      \${NAME} in it stands for a variable of the environment
  --data-source FILE  module that exports a TypeORM DataSource
  --print             print the SQL of what is missing, and run nothing
  --engine ENGINE     with --print: all of it for postgres, mysql or sqlite, without a
                      database
  -h, --help          show this help

A coordinator's SQLite file is brought up to date whenever it is opened.
`;

/** A change of a large table takes its time. */
const TIMEOUT_MS = 600_000;

export const migrateCommand: Command = {
  summary: "create or update the coordinator's tables in a database",
  help: HELP,
  options: {
    url: { type: 'string' },
    'data-source': { type: 'string' },
    print: { type: 'boolean' },
    engine: { type: 'string' },
  },
  async run(input, host) {
    const mistake = mistakeIn(input);
    if (mistake !== undefined) {
      host.err(`${mistake}\n${HELP}`);
      return 2;
    }
    const text = textOf(input);
    if (text !== undefined) {
      host.out(printSchema(text));
      return 0;
    }
    const target = await findTarget(input.values, host.env);
    if (typeof target !== 'string') return migrateAt(target, input.values['print'] === true, host);
    host.err(`${target}\n${HELP}`);
    return 2;
  },
};

function mistakeIn(input: CommandArguments): string | undefined {
  const { positionals, values } = input;
  const { engine, print, url } = values;
  const [unknown] = positionals;
  if (unknown !== undefined) return `What is "${unknown}"?`;
  if (url !== undefined && values['data-source'] !== undefined) {
    return 'Name a URL or a data source, not both.';
  }
  if (engine === undefined) return undefined;
  if (print !== true) return '--engine goes with --print: a database is migrated by its --url.';
  return textOf(input) === undefined ? 'The engine is postgres, mysql or sqlite.' : undefined;
}

/** What is to be printed without asking a database. */
function textOf({ values: { engine } }: CommandArguments): SchemaText | undefined {
  if (typeof engine !== 'string' || !Object.hasOwn(SCHEMA_TEXTS, engine)) return undefined;
  return SCHEMA_TEXTS[engine as keyof typeof SCHEMA_TEXTS];
}

async function migrateAt(target: Target, onlyPrints: boolean, host: CliHost): Promise<number> {
  try {
    const database = await target.open(TIMEOUT_MS);
    try {
      if (onlyPrints) {
        const missing = await target.missing(database);
        host.out(printSchema(target.text, missing));
        return 0;
      }
      const versions = await target.migrate(database);
      const { length } = target.text.migrations;
      const what = versions.length === 0 ? 'is up to date' : 'was brought up to date';
      host.out(`${database.place} ${what}: schema version ${String(length)}.\n`);
      return 0;
    } finally {
      await database.close();
      await target.close();
    }
  } catch (error) {
    host.err(`${printableLines(withoutSecrets(messageOf(error), target.secrets))}\n`);
    return 1;
  }
}
